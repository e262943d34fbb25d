"""What `gymnasium.make` and `gymnasium.make_vec` call: the arena's duels and royales as environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from botgame.envs.matchup import Matchup, Opponent, matchup
from botgame.envs.options import Options, takes_options
from botgame.envs.single import MatchEnv
from botgame.envs.vector import MatchVectorEnv
from botgame.games import DEFAULT, load_game

_EXPERT = "lms_re"
_DUEL, _ROYALE = 2, 8  # seats


@takes_options("botgame/Duel-v0")
def duel(opponent: Opponent | None = None, render_mode: str | None = None, **options: Unpack[Options]) -> MatchEnv:
    """`botgame/Duel-v0`: the learner against one opponent.

    Unless given it is `lms_re`, and with `scratch` one of a ladder (`Game.scratch`). Opponents are those of
    `botgame.envs.matchup.matchup`, options those of `botgame.envs.options`.
    """
    return MatchEnv(_against(opponent, _DUEL, options), render_mode)


@takes_options("botgame/Duel-v0")
def duel_vector(
    opponent: Opponent | None = None,
    num_envs: int = 1,
    render_mode: str | None = None,
    max_episode_steps: int = 0,
    **options: Unpack[Options],
) -> MatchVectorEnv:
    """A batch of `botgame/Duel-v0`; max_episode_steps: decisions after which a match is truncated, 0: never."""
    return MatchVectorEnv(_against(opponent, _DUEL, options), num_envs, render_mode, max_episode_steps)


@takes_options("botgame/Royale-v0")
def royale(
    opponents: Opponent | Sequence[Opponent] | None = None,
    seats: int = _ROYALE,
    render_mode: str | None = None,
    **options: Unpack[Options],
) -> MatchEnv:
    """`botgame/Royale-v0`: the learner in one of `seats` seats; `opponents` hold the others in turn.

    Unless given they are those of `duel`. An episode ends when the learner is out: its place is known then.
    """
    return MatchEnv(_against(opponents, seats, options), render_mode)


@takes_options("botgame/Royale-v0")
def royale_vector(
    opponents: Opponent | Sequence[Opponent] | None = None,
    seats: int = _ROYALE,
    num_envs: int = 1,
    render_mode: str | None = None,
    max_episode_steps: int = 0,
    **options: Unpack[Options],
) -> MatchVectorEnv:
    """A batch of `botgame/Royale-v0`; max_episode_steps as in `duel_vector`."""
    return MatchVectorEnv(_against(opponents, seats, options), num_envs, render_mode, max_episode_steps)


def _against(opponents: Opponent | Sequence[Opponent] | None, seats: int, options: Options) -> Matchup:
    game = load_game(DEFAULT)
    usual = game.scratch.opponents if options.get("scratch") else _EXPERT
    return matchup(game, usual if opponents is None else opponents, seats, **options)
