"""The trained bots that come with the arena (docs/champion.md): their names and files."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "bots"
CHAMPION = "champion"
CHAMPION_FILE = _FOLDER / "champion.pt"
CHAMPION_300MS = "champion_300ms"
"""Sees the arena as late as a person, 9 ticks, and was trained so."""
CHAMPIONS = {CHAMPION: CHAMPION_FILE, CHAMPION_300MS: _FOLDER / "champion_300ms.pt"}
