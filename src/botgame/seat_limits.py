"""The limits that a policy plays under: a cap on its actions and a reaction, as far as the game can impose them."""

from __future__ import annotations

from botgame.errors import UserError
from botgame.game import ActionCaps, Game, Policy, SeatLimits


def limits_of(policy: object) -> SeatLimits:
    """The limits that a policy plays under."""
    return SeatLimits(int(getattr(policy, "action_cap", 0)), int(getattr(policy, "reaction_ticks", 0)))


def check_limits(game: Game, limits: SeatLimits) -> None:
    """Raise ValueError for limits that `game` cannot impose."""
    caps = game.action_caps or ActionCaps(0, 0)
    if not (0 <= limits.action_cap <= caps.most or limits.action_cap == caps.uncapped):
        raise ValueError(f"action_cap is {limits.action_cap}, game {game.name} allows {_up_to(caps.most)}")
    if not 0 <= limits.reaction_ticks <= game.slowest_reaction:
        slowest = _up_to(game.slowest_reaction)
        raise ValueError(f"reaction_ticks is {limits.reaction_ticks}, game {game.name} allows {slowest}")


def _up_to(most: int) -> str:
    return f"0 to {most}" if most else "none"


def possible_limits(game: Game, policy: Policy) -> SeatLimits:
    """`limits_of` a policy that anybody may have written. Raises UserError (code 2) where `game` cannot impose them."""
    try:
        limits = limits_of(policy)
        check_limits(game, limits)
    except (TypeError, ValueError) as error:
        raise UserError(f"bot {policy.name!r}: {error}; correct its limits", 2) from error
    return limits
