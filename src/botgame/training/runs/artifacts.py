"""Where commands write a checkpoint that is known by a name alone."""

from pathlib import Path

ARTIFACTS = Path("artifacts/alphastar")


def artifact(name: str) -> Path:
    """The checkpoint of that name, as training writes it; it is no bot's name before it is installed."""
    return ARTIFACTS / f"{name}.pt"
