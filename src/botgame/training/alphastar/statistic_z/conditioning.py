"""What goes with a network that is told something of its seat: which inputs, the library of styles, the top rating.

At play a seat is told the highest rating of the imitated players and, unless a style is asked for, no style. A style is
the name of a policy in the library, or a file (`botgame.statistic_z_file`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.statistic_z_file import Wanted, read_style
from botgame.training.alphastar.statistic_z.condition import Conditioning, Floats
from botgame.training.alphastar.statistic_z.library import StyleLibrary


@dataclass(frozen=True)
class Briefing:
    """conditioning: the inputs; library: empty where no style is told; top: told at play, NaN where none is known."""

    conditioning: Conditioning
    library: StyleLibrary
    top: float = float("nan")

    def plain(self) -> Floats:
        """What a seat is told that may play as it likes: float32 [C]."""
        blank = np.zeros(self.conditioning.style.width, np.float32)
        return self.styled(Wanted(blank, opening=False, totals=False))

    def styled(self, wanted: Wanted) -> Floats:
        """What a seat is told that shall play like `wanted`: float32 [C]."""
        told = self.conditioning.encode(wanted.row[None], np.array([self.top]))
        kept = {"opening": np.array([wanted.opening]), "totals": np.array([wanted.totals])}
        return np.asarray(self.conditioning.keep(told, kept)[0])

    def find(self, style: str, game: str) -> Wanted:
        """The style called `style`: a policy of the library, or a file. Raises UserError that says what there is."""
        if not self.conditioning.has_style:
            raise UserError(f"style {style!r}: the network knows no styles; imitate with --z-opening and --z-totals", 2)
        if style in self.library.policies:
            return Wanted(self.library.typical(style), opening=True, totals=True)
        if Path(style).is_file():
            return read_style(Path(style), self.conditioning.style, game)
        known = ", ".join(self.library.policies) or "none"
        raise UserError(f"style {style!r} is neither a policy of the library ({known}) nor a style file", 2)

    def to_state(self) -> dict[str, Any]:
        """For a checkpoint: plain values and tensors."""
        return {
            "conditioning": self.conditioning.to_dict(),
            "library": self.library.to_tensors(),
            "top": None if np.isnan(self.top) else float(self.top),
        }

    @staticmethod
    def from_state(state: dict[str, Any]) -> Briefing:
        """Inverse of `to_state`. Raises UserError for a foreign one."""
        try:
            conditioning = Conditioning.from_dict(state["conditioning"])
            library = StyleLibrary.from_tensors(conditioning.style, state["library"])
            top = float("nan") if state["top"] is None else float(state["top"])
            return Briefing(conditioning, library, top)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise UserError(f"the checkpoint's briefing is damaged ({error}); make the checkpoint anew") from error
