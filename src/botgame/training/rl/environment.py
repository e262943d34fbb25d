"""Matches of a game as an environment to learn in, with styles z to follow where a run asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botgame.errors import UserError
from botgame.game import USUAL_LIMITS, Game, Policy, SeatLimits, Setup
from botgame.match_batch import MatchBatch
from botgame.seat_limits import limits_of
from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.batching import LEARNER
from botgame.training.alphastar.actor.numbers import MatchNumbers
from botgame.training.alphastar.engine.portions import Table
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.config import StyleConfig
from botgame.training.alphastar.statistic_z.seats import Styles
from botgame.training.evaluation.duels import DUEL
from botgame.training.runs.origin import Origin

STYLES = 0x7374796C65  # purpose of the random key of the styles to follow


@dataclass(frozen=True)
class Opponents:
    """The policy of every player that does not learn, and whether its rows may wait for a fuller batch."""

    policy: Callable[[int], Policy]
    may_wait: Callable[[int], bool]


def make_environment(
    game: Game,
    table: Table,
    setups: Callable[[Iterator[int]], Iterator[Setup]],
    opponents: Opponents,
    *,
    origin: Origin,
    styles: StyleConfig,
    seed: int,
    limits: SeatLimits = USUAL_LIMITS,
    whole: bool = False,
) -> Environment:
    """An environment for matches of one kind. styles: drawn by `seed` from `origin`'s library.

    setups: the matches of the numbers that they are given. limits: the learner's; opponents have their own. whole:
    matches are played on where the learner is out, as those must be whose places among the others count.
    """

    def limits_of_player(player: int) -> SeatLimits:
        return limits if player == LEARNER else limits_of(opponents.policy(player))

    beginners = None if origin.taught else game.scratch.simulate
    simulation = (beginners or game.simulate)(table.slots, table.seats)
    followed = None
    if styles.z_share and game.statistic_z:
        meter = game.statistic_z.meter(simulation)
        followed = Styles(Conditioning.restore(origin.conditioning), styles, meter, seed)
    numbers = MatchNumbers(table.first, table.step)
    # A beginner's reward may depend on how the others end, and a duel is over anyway.
    out = None if whole or beginners or table.seats <= DUEL else game.out
    matches = MatchBatch(simulation, setups(numbers), followed.meter if followed else None, limits_of_player, out)
    spec = followed.extend(game.spec) if followed else game.spec
    return Environment(
        spec, matches, opponents.policy, opponents.may_wait, table.seats, followed, table.slots, table.share, numbers
    )


def check_styles(origin: Origin, styles: StyleConfig) -> None:
    """Raise UserError (code 2) when styles are to be followed and the checkpoint has no library to draw them from."""
    if not styles.z_share:
        return
    if not origin.conditioning or not len(Conditioning.restore(origin.conditioning).library):
        raise UserError(
            f"--z-share: {origin.source} has no statistic z to follow; imitate with --z-opening 0.8 --z-totals 0.5", 2
        )
