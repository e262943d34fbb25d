"""The tables that `evaluate` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from rich.table import Table

from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.figures import Pair, Standing, Versus
from botgame.training.evaluation.placings import Placing

_SHOWN = 0.0005  # smallest share of a mixture that gets a row


def short_names(names: Sequence[str]) -> dict[str, str]:
    """What a table calls each policy: the end of a path, as far back as tells it from the other names."""
    shown = {}
    for name in names:
        parts = PurePath(name).parts or (name,)
        ends = ["/".join(parts[-count:]) for count in range(1, len(parts))]
        others = [PurePath(other).as_posix() for other in names if other != name]
        shown[name] = next((end for end in ends if not any(_ends(other, end) for other in others)), name)
    return shown


def _ends(path: str, end: str) -> bool:
    return path == end or path.endswith("/" + end)


def results_table(names: Sequence[str], tallies: Mapping[Pair, Tally]) -> Table:
    """One row a pair: results, win rate with interval, mean length."""
    table = _table("win rate = (wins + draws/2)/matches, with its 95 % Wilson interval", "policy", "against")
    for heading in ("won", "drawn", "lost", "win rate", "interval", "length"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = short_names(names)
    for (a, b), tally in tallies.items():
        low, high = tally.interval
        counts = (str(number) for number in (tally.wins, tally.draws, tally.losses))
        rate, interval = f"{tally.win_rate:.1%}", f"{100 * low:.1f}-{high:.1%}"
        table.add_row(shown[names[a]], shown[names[b]], *counts, rate, interval, f"{tally.mean_seconds:.1f} s")
    return table


def rewards_table(names: Sequence[str], tallies: Mapping[Pair, Tally]) -> Table:
    """One row a pair and reward: its means for both, with 95 % intervals."""
    table = _table("mean rewards in the game's points, with 95 % intervals", "policy", "against", "reward")
    for heading in ("policy's", "its rival's"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = short_names(names)
    for (a, b), tally in tallies.items():
        for name, earned in tally.earned.items():
            table.add_row(shown[names[a]], shown[names[b]], name, str(earned), str(tally.rival_earned[name]))
    return table


def placings_table(names: Sequence[str], placings: Mapping[Pair, Placing]) -> Table:
    """One row a pair: first places with interval and par, mean place."""
    seats = max(placing.seats for placing in placings.values())
    title = f"first places of one seat among {seats} (par {1 / seats:.1%}), with 95 % intervals"
    table = _table(title, "policy", "among")
    for heading in ("matches", "firsts", "share", "interval", "mean place"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = short_names(names)
    for (a, b), one in placings.items():
        low, high = one.interval
        share, interval = f"{one.first_share:.1%}", f"{100 * low:.1f}-{high:.1%}"
        counts = str(one.matches), f"{one.firsts:.1f}".removesuffix(".0")
        place = f"{one.mean_place:.2f} of {one.seats}"
        table.add_row(shown[names[a]], shown[names[b]], *counts, share, interval, place)
    return table


def ratings_table(standings: Sequence[Standing], anchor: str) -> Table:
    """One row a player, best first."""
    table = _table(f"ratings: {anchor} = 0, 400 points = odds of 10 to 1, with 95 % intervals", "policy")
    for heading in ("rating", "interval", "win rate", "worst"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("worst against", overflow="fold")
    table.add_column("Nash share", justify="right", no_wrap=True)
    shown = short_names([one.name for one in standings])
    for one in standings:
        rating = one.rating
        interval = f"{rating.low:+.0f} to {rating.high:+.0f}" if one.name != anchor else "anchor"
        rates = f"{one.win_rate:.1%}", f"{one.worst_rate:.1%}"
        worst, nash = shown.get(one.worst, one.worst), f"{one.nash:.1%}"
        table.add_row(shown[one.name], f"{rating.estimate:+.0f}", interval, *rates, worst, nash)
    return table


def versus_line(result: Versus) -> str:
    """The value of population A against population B."""
    value, low, high = result.value
    return f"relative population performance of A against B: {value:.3f} [{low:.3f}, {high:.3f}] (0.5 = even)"


def versus_table(result: Versus) -> Table:
    """What each population plays to reach that value."""
    table = _table("Nash mixtures of A and B", "population", "policy")
    table.add_column("Nash share", justify="right", no_wrap=True)
    shown = short_names([*result.a, *result.b])
    for population, mixture in (("A", result.a), ("B", result.b)):
        for name, share in sorted(mixture.items(), key=lambda one: -one[1]):
            if share >= _SHOWN:
                table.add_row(population, shown[name], f"{share:.1%}")
        table.add_section()
    return table


def counts_table(names: Sequence[str], counted: Sequence[str], tallies: Mapping[Pair, Tally]) -> Table:
    """Share of each counted thing but the first ("nothing") in all that a policy did, over all its matches."""
    counts = [[0] * len(counted) for _ in names]
    for (a, b), tally in tallies.items():
        for index in range(len(counted)):
            counts[a][index] += tally.counts[index]
            counts[b][index] += tally.rival_counts[index]
    table = _table("share of each action", "policy")
    for heading in counted[1:]:
        table.add_column(heading, justify="right")
    shown = short_names(names)
    for name, row in zip(names, counts, strict=True):
        table.add_row(shown[name], *(f"{count / max(1, sum(row[1:])):.1%}" for count in row[1:]))
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
