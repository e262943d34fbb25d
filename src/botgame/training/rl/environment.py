"""Matches of the arena as a venue to learn in, with styles z for the learner to follow where a run asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botgame.errors import UserError
from botgame.game import action_cap
from botgame.lms.arena import Arena
from botgame.lms.match_batch import MatchBatch, Setup
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.watch import ArenaStyles
from botgame.training.alphastar.actor.actor import Venue
from botgame.training.alphastar.actor.batching import LEARNER, Opponent
from botgame.training.alphastar.statistic_z.conditioning import Briefing
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.alphastar.statistic_z.seats import Styles
from botgame.training.rl.free_for_alls import Table
from botgame.training.runs.origin import Origin

STYLES = 0x7374796C65  # purpose of the random key of the styles to follow


def arena_venue(
    table: Table,
    setups: Iterator[Setup],
    opponent: Callable[[int], Opponent],
    patient: Callable[[int], bool],
    *,
    origin: Origin,
    styles: StyleConfig,
    seed: int,
    learner_cap: int = 0,
) -> Venue:
    """A venue for the matches `setups` of one kind. styles: drawn by `seed` from the library of `origin`, if at all.

    learner_cap: the learner's cap on actions, see `policy.action_cap`; opponents have theirs.
    """

    def cap(player: int) -> int:
        return learner_cap if player == LEARNER else action_cap(opponent(player))

    arena = Arena(table.slots, table.seats)
    watch = ArenaStyles(arena)
    followed = None
    if styles.z_share:
        followed = Styles(Briefing.from_state(origin["briefing"]), styles, watch, seed)
    matches = MatchBatch(arena, setups, watch.meter if followed else None, cap)
    spec = followed.extend(ARENA_SPEC) if followed else ARENA_SPEC
    return Venue(spec, matches, opponent, patient, table.seats, followed, table.slots, table.share)


def check_styles(origin: Origin, styles: StyleConfig) -> None:
    """Raise UserError (code 2) when styles are to be followed and the checkpoint has no library to draw them from."""
    if not styles.z_share:
        return
    if not origin.get("briefing") or not len(Briefing.from_state(origin["briefing"]).library):
        raise UserError(
            f"--z-share: {origin['source']} knows no styles; imitate with --z-opening 0.8 --z-totals 0.5", 2
        )
