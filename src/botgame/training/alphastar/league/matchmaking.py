"""Prioritised fictitious self-play: how likely each opponent is, and what the rules of the roles are made from.

The rules are those of the pseudocode published with Vinyals et al. (Nature 575, 2019), with its mistakes corrected.
Where paper, pseudocode and re-implementations disagree, the choice is a field of `MatchmakingRules`. `VARIANTS` lists
the known choices and our own, `prioritised`. `roles` says which role plays whom. Pure functions: win rates and uniform
numbers go in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Weighting = Literal["squared", "variance", "linear", "linear_capped", "uniform"]
Uniform = Callable[[], float]
_LEAST_WEIGHT = 1e-10


@dataclass(frozen=True)
class MatchmakingRules:
    """Shares and thresholds of the matchmaking; the defaults are the pseudocode's."""

    main_pfsp: float = 0.50  # share of a main agent's matches against frozen players; `kept` may leave fewer
    main_verification: float = 0.15  # share against frozen main exploiters and forgotten selves; the rest is self-play
    exploiter_bar: float = 0.3  # verification: play frozen main exploiters while the worst win rate is below this
    forgotten_bar: float = 0.7  # verification: play old selves while the worst win rate is below this
    forgotten_filter: bool = True  # leave out the newest selves that are a plain continuation of the older ones
    self_play_bar: float = 0.3  # self-play only above this win rate, else a frozen copy that is nearer in strength
    main_exploiter_bar: float = 0.1  # a main exploiter plays the live main agent above this win rate
    main_exploiter_curriculum: float = 1.0  # below the bar: share of matches moved to frozen copies of the main agent
    main_weighting: Weighting = "squared"
    league_exploiter_weighting: Weighting = "linear_capped"
    beaten_share: float = 1.0  # least share that a main agent keeps of its matches with one that it beats

    @property
    def self_play_share(self) -> float:
        """Least share of a main agent's matches that are with live ones; verification and `kept` may add to it."""
        return 1.0 - self.main_pfsp - self.main_verification


VARIANTS: dict[str, MatchmakingRules] = {
    "prioritised": MatchmakingRules(beaten_share=0.1),
    "pseudocode": MatchmakingRules(),
    "paper": MatchmakingRules(main_exploiter_bar=0.2, main_exploiter_curriculum=0.5),
    "di-engine": MatchmakingRules(main_exploiter_bar=0.2, forgotten_filter=False, league_exploiter_weighting="squared"),
    "di-star": MatchmakingRules(main_verification=0.0, main_exploiter_bar=0.2),
    # The paper's comparison of ways to train main agents alone.
    "self-play": MatchmakingRules(main_pfsp=0.0, main_verification=0.0),
    "fictitious": MatchmakingRules(main_pfsp=1.0, main_verification=0.0, main_weighting="uniform"),
    "pfsp": MatchmakingRules(main_pfsp=1.0, main_verification=0.0),
    "pfsp-self-play": MatchmakingRules(main_pfsp=0.5, main_verification=0.0),
}


class Frozen(NamedTuple):
    """A historical player, which neither learns nor asks for matches. `role` and `faction` are its parent's."""

    name: str
    role: str
    parent: str
    faction: str = ""


class View(NamedTuple):
    """What the choice of an opponent depends on: live main agents, frozen players (oldest first) and win rates."""

    mains: Sequence[str]
    frozen: Sequence[Frozen]
    win_rate: Callable[[str, str], float]


class Pairing(NamedTuple):
    """A match to play. Its data train `home`, those of both seats where it plays itself."""

    home: str
    away: str


def pfsp(win_rates: Sequence[float] | NDArray[np.float64], weighting: Weighting) -> NDArray[np.float64]:
    """Probabilities [N] of choosing each opponent, given the asker's win rates x [N] against them.

    squared (1-x)^2 prefers the hardest; variance x(1-x) those of equal strength; linear 1-x; linear_capped
    min(0.5, 1-x); uniform 1. When the weights vanish (all opponents beaten always) the choice is uniform.
    Raises ValueError without opponents.
    """
    x = np.asarray(win_rates, dtype=np.float64)
    if x.ndim != 1 or len(x) == 0:
        raise ValueError("expected the win rates of at least one opponent")
    weights = _weights(x, weighting)
    total = float(weights.sum())
    if total < _LEAST_WEIGHT:
        return np.full(len(x), 1.0 / len(x))
    return weights / total


def _weights(x: NDArray[np.float64], weighting: Weighting) -> NDArray[np.float64]:
    if weighting == "squared":
        return (1.0 - x) ** 2
    if weighting == "variance":
        return x * (1.0 - x)
    if weighting == "linear":
        return 1.0 - x
    if weighting == "linear_capped":
        return np.minimum(0.5, 1.0 - x)
    if weighting == "uniform":
        return np.ones_like(x)
    raise ValueError(f"unknown weighting {weighting!r}")


def kept(win_rate: float, least: float) -> float:
    """Share in [0, 1] of the matches against a drawn frozen player that are played; the others are with a live one.

    All of them up to an even win rate, then fewer in proportion to 1 - win_rate, down to `least`. PFSP alone weighs
    opponents against each other: where all of them always lose, their matches have nothing left to teach.
    """
    return max(least, min(1.0, 2.0 * (1.0 - win_rate)))


def without_monotone_tail(win_rates: Sequence[float]) -> int:
    """How many of the oldest players to keep: win rates that only fall towards the newest are no sign of forgetting.

    win_rates: oldest to newest. From the newest end walk back while W(older) >= W(newer); at the first pair with
    W(older) < W(newer) keep everything up to the newer of the two. No such pair: keep none.
    """
    for newer in range(len(win_rates) - 1, 0, -1):
        if win_rates[newer - 1] < win_rates[newer]:
            return newer + 1
    return 0


def pick(probabilities: NDArray[np.float64], u: float) -> int:
    """Index drawn by inverse CDF from one uniform number u in [0, 1)."""
    index = int(np.searchsorted(np.cumsum(probabilities), u, side="right"))
    return min(index, int(np.flatnonzero(probabilities)[-1]))


def pick_main(view: View, uniform: Uniform) -> str:
    """One of the live main agents, each equally likely."""
    return view.mains[min(int(uniform() * len(view.mains)), len(view.mains) - 1)]


def copies(view: View, parent: str) -> list[str]:
    """The frozen copies of `parent`, oldest first."""
    return [player.name for player in view.frozen if player.parent == parent]


def against(asker: str, names: Sequence[str], view: View, weighting: Weighting, uniform: Uniform) -> Pairing:
    """A match of `asker` against one of the frozen players `names`, drawn by `pfsp`."""
    rates = np.array([view.win_rate(asker, name) for name in names], dtype=np.float64)
    return Pairing(asker, names[pick(pfsp(rates, weighting), uniform())])
