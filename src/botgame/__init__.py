"""botgame: train strong bots for a real-time arena game with AlphaStar's recipe on one PC."""

__version__ = "0.1.0"
