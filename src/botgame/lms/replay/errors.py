"""The error of this package: a file that is not a usable replay, with its name and the reason."""

from pathlib import Path

from botgame.game import DemonstrationError


class ReplayError(DemonstrationError):
    """`path` cannot be used because of `reason`, a sentence that says what was found and what to do."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason
