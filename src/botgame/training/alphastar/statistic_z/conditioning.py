"""Conditioning of a network on the style, the strength and the name of a player: what a checkpoint keeps for it.

At play the condition has the highest rating of the imitated players and, unless the user asks for a style, no style. A
style is the name of an imitated player, or a file (`botgame.statistic_z_file`).
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

NO_STYLES = "the network knows none; imitate with --player-input, or --z-opening and --z-totals"


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
        return self.condition_for(Wanted(self._blank, opening=False, totals=False))

    def condition_for(self, wanted: Wanted) -> Floats:
        """The condition of a seat that is to play like `wanted`: float32 [C]."""
        rating = float("nan") if wanted.player else self.top_rating  # a name says how strong, too
        condition = self.inputs.encode(wanted.row[None], np.array([rating]), [wanted.player])
        masks = {"opening": np.array([wanted.opening]), "totals": np.array([wanted.totals])}
        return np.asarray(self.inputs.masked(condition, masks)[0])

    @property
    def styles(self) -> list[str]:
        """The names that can be asked for."""
        measured = self.library.policies if self.inputs.has_style else []
        return list(dict.fromkeys([*self.inputs.players, *measured]))

    def find(self, style: str, game: str) -> Wanted:
        """The style called `style`: an imitated player, or a file. Raises UserError that lists the known ones."""
        if style in self.inputs.players:
            return Wanted(self._blank, opening=False, totals=False, player=style)
        if not self.styles and not self.inputs.has_style:
            raise UserError(f"style {style!r}: {NO_STYLES}", 2)
        if style in self.styles:
            return Wanted(self.library.pronounced(style), opening=True, totals=True)
        if self.inputs.has_style and Path(style).is_file():
            return read_statistic_z(Path(style), self.inputs.style, game)
        known = ", ".join(self.styles) or "none"
        if not self.inputs.has_style:
            raise UserError(f"style {style!r} is no imitated player ({known})", 2)
        raise UserError(f"style {style!r} is neither an imitated player ({known}) nor a style file", 2)

    @property
    def _blank(self) -> Floats:
        """A row of z that says nothing."""
        return np.zeros(self.inputs.style.width, np.float32)

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
