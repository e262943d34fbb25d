"""The condition of each imitated seat: how it played (statistic z), how strong its player is, and who that is.

Every match is played again once to measure its seats; what was measured also becomes the library of the checkpoint.
A rating is that of the live manifest or the replay; where neither has one, it is fitted to the results of all matches
in use, with the game's yardstick at 0, for players who met others often enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from botgame.bot_names import names_a_style
from botgame.game import DemonstrationError, RecordedMatch
from botgame.ratings import add_pairs, bradley_terry, ranking
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.library import StyleLibrary
from botgame.training.imitation.source import PARALLEL_MATCHES, ReplaySource, SeatPlan, trajectory_name
from botgame.wording import counted

LEAST_GAMES = 10  # against others, before a fitted rating is used
MOST_PLAYERS = 64  # that the network can be told by name: the most frequent ones


def measure_conditions(source: ReplaySource, inputs: ConditionSpec) -> Conditioning:
    """Fill `source.conditions` and return what goes into the checkpoint."""
    plans = [plans for _, plans in source.matches]
    fitted = fitted_ratings(plans, source.game.yardstick) if inputs.rating else {}
    rows = _measure(source) if inputs.has_style else {}
    wanted = [seat for seat in _seats(source, rows, inputs) if seat.plan.wanted]
    ratings = [fitted.get(s.plan.policy, np.nan) if s.plan.rating is None else s.plan.rating for s in wanted]
    for seat, rating in zip(wanted, ratings, strict=True):
        source.conditions[seat.name] = inputs.encode(seat.row[None], np.array([rating]), [seat.plan.policy])[0]
    kept = wanted if inputs.has_style else []
    library = StyleLibrary.build(
        inputs.style,
        [seat.row for seat in kept],
        [seat.group for seat in kept],
        [seat.plan.result for seat in kept],
        [seat.plan.policy for seat in kept],
    )
    top = max((rating for rating in ratings if not np.isnan(rating)), default=float("nan"))
    return Conditioning(inputs, library.thinned(), top)


def imitated_players(source: ReplaySource) -> tuple[str, ...]:
    """Names of the players whose seats are imitated, the most frequent first; at most `MOST_PLAYERS`.

    Names that cannot stand behind BOT@ are left out.
    """
    played = (plan.policy for _, plans in source.matches for plan in plans if plan.wanted)
    seats = Counter(name for name in played if names_a_style(name))
    return tuple(sorted(seats, key=lambda name: (-seats[name], name))[:MOST_PLAYERS])


def describe(conditioning: Conditioning, source: ReplaySource) -> list[str]:
    """What the network is conditioned on, in sentences for the console."""
    lines = []
    if conditioning.inputs.has_style:
        library = conditioning.library
        styles = ", ".join(f"{name} ({library.names.count(name)})" for name in library.policies)
        lines.append(f"styles: {counted(len(library), 'seat')} in the library: {styles}")
    if conditioning.inputs.players:
        lines.append(f"players that can be asked for: {', '.join(conditioning.inputs.players)}")
    if conditioning.inputs.rating:
        part = conditioning.inputs.blocks["rating"]
        known = sum(bool(condition[part.start]) for condition in source.conditions.values())
        rating = conditioning.top_rating
        top = "none is known" if np.isnan(rating) else f"the highest, used at play, is {rating:.0f}"
        lines.append(f"ratings: known for {known} of {counted(len(source.conditions), 'seat')}; {top}")
    return lines


def fitted_ratings(matches: list[list[SeatPlan]], anchor: str) -> dict[str, float]:
    """Rating of each player by name, from who finished above whom; only of those with enough games.

    Seats whose result is not known, as in a match that was broken off, are left out.
    Nobody has one where `anchor` did not play.
    """
    names = sorted({plan.policy for plans in matches for plan in plans})
    if anchor not in names:
        return {}
    points = np.zeros((len(names), len(names)))
    for plans in matches:
        known = [plan for plan in plans if not np.isnan(plan.result)]
        add_pairs(points, ranking([names.index(plan.policy) for plan in known], [plan.place for plan in known]))
    elo = bradley_terry(points, names.index(anchor)).elo
    games = (points + points.T).sum(1)
    enough = {name: k for k, name in enumerate(names) if games[k] >= LEAST_GAMES and np.isfinite(elo[k])}
    return {name: float(elo[k]) for name, k in enough.items()}


class _Seat(NamedTuple):
    name: str
    plan: SeatPlan
    row: np.ndarray
    group: int


def _seats(source: ReplaySource, rows: dict[str, np.ndarray], inputs: ConditionSpec) -> Iterator[_Seat]:
    """Every seat that was measured, or every seat where nothing had to be."""
    blank = np.zeros(inputs.style.width, np.float32)
    for path, plans in source.matches:
        for seat, plan in enumerate(plans):
            name = trajectory_name(path.name, seat)
            if name in rows or not inputs.has_style:
                yield _Seat(name, plan, rows.get(name, blank), plan.situation)


def _measure(source: ReplaySource) -> dict[str, np.ndarray]:
    """How every seat of every match in use played, by the name of its trajectory."""
    names: list[str] = []
    rows: dict[str, np.ndarray] = {}
    for match, measured in source.demonstrations.statistics(_replays(source, names.append), PARALLEL_MATCHES):
        for seat, row in enumerate(measured):  # a bad match is left out here, and reported when it is read to learn
            rows[trajectory_name(names[match], seat)] = row
    return rows


def _replays(source: ReplaySource, note: Callable[[str], None]) -> Iterator[RecordedMatch]:
    """The replays in use that can be read; `note` is given the name of each."""
    for path, _ in source.matches:
        try:
            replay = source.demonstrations.open(path)
        except DemonstrationError:
            continue
        note(path.name)
        yield replay
