"""The trained bot that comes with the arena (docs/champion.md): its name and its file."""

from pathlib import Path

CHAMPION = "champion"
CHAMPION_FILE = Path(__file__).parent / "bots" / "champion.pt"
