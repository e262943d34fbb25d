"""Names that the collector's flags choose from: decision backends, and channels of browsers."""

BACKENDS = ("legacy", "lms_re", "alphastar")
TRAINED = "alphastar"
DEFAULT_CHECKPOINT = "artifacts/alphastar/pi_rl.best.pt"
CHANNELS = ("chrome", "chromium", "msedge")
