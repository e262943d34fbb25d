"""Conditioning of a network on the style and the strength of a player: what a checkpoint keeps for it.

At play the condition has the highest rating of the imitated players and, unless the user asks for a style, no style. A
style is the name of a policy in the library, or a file (`botgame.statistic_z_file`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.statistic_z_file import Wanted, read_statistic_z
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec, Floats
from botgame.training.alphastar.statistic_z.library import StyleLibrary


@dataclass(frozen=True)
class Conditioning:
    """What a conditioned network is conditioned on.

    inputs: the blocks of its condition. library: the styles it imitated, empty where style is no input. top_rating:
    the rating in the condition at play, NaN where none is known.
    """

    inputs: ConditionSpec
    library: StyleLibrary
    top_rating: float = float("nan")

    def default(self) -> Floats:
        """The condition of a seat without a style: float32 [C]."""
        blank = np.zeros(self.inputs.style.width, np.float32)
        return self.condition_for(Wanted(blank, opening=False, totals=False))

    def condition_for(self, wanted: Wanted) -> Floats:
        """The condition of a seat that is to play like `wanted`: float32 [C]."""
        condition = self.inputs.encode(wanted.row[None], np.array([self.top_rating]))
        masks = {"opening": np.array([wanted.opening]), "totals": np.array([wanted.totals])}
        return np.asarray(self.inputs.masked(condition, masks)[0])

    def find(self, style: str, game: str) -> Wanted:
        """The style called `style`: a policy of the library, or a file. Raises UserError that lists the known ones."""
        if not self.inputs.has_style:
            raise UserError(f"style {style!r}: the network knows no styles; imitate with --z-opening and --z-totals", 2)
        if style in self.library.policies:
            return Wanted(self.library.pronounced(style), opening=True, totals=True)
        if Path(style).is_file():
            return read_statistic_z(Path(style), self.inputs.style, game)
        known = ", ".join(self.library.policies) or "none"
        raise UserError(f"style {style!r} is neither a policy of the library ({known}) nor a style file", 2)

    def snapshot(self) -> dict[str, Any]:
        """Plain values and tensors for a checkpoint."""
        return {
            "inputs": self.inputs.to_dict(),
            "library": self.library.snapshot(),
            "top_rating": None if np.isnan(self.top_rating) else float(self.top_rating),
        }

    @staticmethod
    def restore(snapshot: dict[str, Any]) -> Conditioning:
        """Inverse of `snapshot`. Raises UserError for a damaged one."""
        try:
            inputs = ConditionSpec.from_dict(snapshot["inputs"])
            library = StyleLibrary.restore(inputs.style, snapshot["library"])
            top = float("nan") if snapshot["top_rating"] is None else float(snapshot["top_rating"])
            return Conditioning(inputs, library, top)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise UserError(f"the checkpoint's conditioning is damaged ({error}); make the checkpoint again") from error
