"""The roles of the league's learning players: whom each plays, when it is frozen early, whether it starts anew.

After the pseudocode published with Vinyals et al. (Nature 575, 2019). A new role is a function that chooses its
opponents and a row of `ROLES`: its flag, its name in tables and its colour in the report follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botgame.training.alphastar.league.matchmaking import (
    MatchmakingRules,
    Pairing,
    Uniform,
    View,
    against,
    copies,
    kept,
    pick_main,
    without_monotone_tail,
)


def _for_main(asker: str, view: View, rules: MatchmakingRules, uniform: Uniform) -> Pairing:
    u = uniform()
    if u < rules.main_pfsp:
        pairing = against(asker, _everyone(view), view, rules.main_weighting, uniform)
        share = kept(view.win_rate(asker, pairing.away), rules.beaten_share)
        if share == 1.0 or uniform() < share:
            return pairing
    main = pick_main(view, uniform)
    if rules.main_pfsp <= u < rules.main_pfsp + rules.main_verification:
        targets = _verification(asker, main, view, rules)
        if targets:
            return against(asker, targets, view, rules.main_weighting, uniform)
    if main == asker or view.win_rate(asker, main) > rules.self_play_bar:
        return Pairing(asker, main)
    return against(asker, copies(view, main), view, "variance", uniform)


def _for_main_exploiter(asker: str, view: View, rules: MatchmakingRules, uniform: Uniform) -> Pairing:
    main = pick_main(view, uniform)
    if view.win_rate(asker, main) > rules.main_exploiter_bar:
        return Pairing(asker, main)
    if rules.main_exploiter_curriculum < 1.0 and uniform() >= rules.main_exploiter_curriculum:
        return Pairing(asker, main)
    return against(asker, copies(view, main), view, "variance", uniform)


def _verification(asker: str, main: str, view: View, rules: MatchmakingRules) -> list[str]:
    """Frozen main exploiters that still beat the asker, else old selves of `main` that it has forgotten to beat."""
    exploiters = [player.name for player in view.frozen if player.role == MAIN_EXPLOITER]
    if exploiters and min(view.win_rate(asker, name) for name in exploiters) < rules.exploiter_bar:
        return exploiters
    selves = copies(view, main)
    rates = [view.win_rate(asker, name) for name in selves]
    count = without_monotone_tail(rates) if rules.forgotten_filter else len(selves)
    return selves[:count] if count and min(rates[:count]) < rules.forgotten_bar else []


def _for_league_exploiter(asker: str, view: View, rules: MatchmakingRules, uniform: Uniform) -> Pairing:
    return against(asker, _everyone(view), view, rules.league_exploiter_weighting, uniform)


def _everyone(view: View) -> list[str]:
    return [player.name for player in view.frozen]


def _mains(view: View) -> list[str]:
    return list(view.mains)


@dataclass(frozen=True)
class Role:
    """What a learning player is for.

    opponent: the match that it plays next. It may rely on a frozen copy of every main agent in `view.frozen`: the
    league freezes them at its start. targets: whom it must beat to be frozen early. reset: its chance to start anew
    once it is frozen.
    """

    opponent: Callable[[str, View, MatchmakingRules, Uniform], Pairing]
    targets: Callable[[View], list[str]]
    reset: float


MAIN, MAIN_EXPLOITER, LEAGUE_EXPLOITER = "main", "main_exploiter", "league_exploiter"
ROLES: dict[str, Role] = {
    MAIN: Role(_for_main, _everyone, reset=0.0),
    MAIN_EXPLOITER: Role(_for_main_exploiter, _mains, reset=1.0),
    LEAGUE_EXPLOITER: Role(_for_league_exploiter, _everyone, reset=0.25),
}
EXPLOITERS = tuple(name for name in ROLES if name != MAIN)  # all but the agents that the league is for
