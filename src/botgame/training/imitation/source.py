"""From replay files and live feedback to weighted trajectories: what imitation learns from, and how much.

Every file is opened once at the start (a few KiB each): bad ones are named, seats are chosen, feedback is matched.
Observations are made again by re-simulation whenever a chunk of matches is read. The weight of a decision is

    chosen seat ? strength : 0,  x 2 in a span marked good, x 0 in one marked bad;  a correction always counts 1

where strength is 2 * expected score of the seat's rating against the game's yardstick, 1 when it is not known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.feedback import HUMAN, Decision, Lines, Mark, MatchRecord, find_replay
from botgame.game import DemonstrationError, Game, RecordedMatch, SeatDecisions
from botgame.ratings import expected_score
from botgame.recordings.demonstrations import Recordings
from botgame.spec import Spec
from botgame.standings import standings_of
from botgame.training.alphastar.imitation.dataset import Trajectory
from botgame.training.imitation.seat_choice import Played, SeatChoice
from botgame.wording import counted

CORRECTION_WEIGHT = 1.0  # 4 cost 8 points: too few decisions count too much (docs/LOG.md)
MARK_FACTOR = {"good": 2.0, "bad": 0.0}
PARALLEL_MATCHES = 64
LARGEST_RATING = 2000.0


@dataclass
class SeatPlan:
    """What to take from one seat. strength: of its bot, human_strength: of a person who held it; 0 = leave out.

    result: its standing, +1 above all others to -1 below all, NaN where it is not known; situation: see
    `StatisticMeter`; rating: as the live manifest or the replay says, None where neither does.
    """

    strength: float
    human_strength: float
    result: float
    decisions: int
    policy: str
    situation: int
    place: int
    rating: float | None
    corrections: dict[int, Sequence[int]] = field(default_factory=dict)  # tick -> action
    marks: list[Mark] = field(default_factory=list)

    @property
    def wanted(self) -> bool:
        """Whether any decision may count."""
        return self.strength > 0 or self.human_strength > 0 or bool(self.corrections)

    def content(self) -> list[Any]:
        """All of it as JSON types; of marks what they say, not where their replay lies."""
        plain = [getattr(self, each.name) for each in fields(self) if each.name not in ("corrections", "marks")]
        corrections = [[tick, list(action)] for tick, action in sorted(self.corrections.items())]
        return [*plain, corrections, [[mark.start, mark.end, mark.verdict] for mark in self.marks]]


@dataclass
class Usage:
    """How much there was of each kind and how much of it is used."""

    replays: int = 0
    skipped: int = 0
    seats: int = 0
    decisions: int = 0
    corrections: int = 0
    corrections_unmatched: int = 0
    marks: int = 0
    marks_unmatched: int = 0
    live_matches: int = 0
    live_matches_unmatched: int = 0
    ratings: int = 0
    outcomes: int = 0


class ReplaySource:
    """All replays of `game` below a folder and those that live feedback names, as `dataset.Source`.

    `report` is called with one line for each thing that is skipped.
    """

    def __init__(
        self,
        game: Game,
        data_dir: Path,
        choice: SeatChoice,
        manifests: Lines,
        streams: Lines,
        report: Callable[[str], None],
    ) -> None:
        self.game, self.demonstrations = game, game.demonstrations or Recordings(game)
        self.usage = Usage()
        self.people: dict[str, Played] = {}  # by name, whatever is chosen
        self._choice = choice
        self.conditions: dict[str, np.ndarray] = {}  # condition of a seat, by the name of its trajectory
        self._reported: set[str] = set()
        self._tell = report
        self._paths: list[Path] = []
        self._plans: list[list[SeatPlan]] = []
        self._matches: dict[str, int] = {}  # position of a match by the name of its content
        for problem in (*manifests.problems, *streams.problems):
            self._report(problem)
        known: dict[str, Path] = {}
        for path in self.demonstrations.scan(data_dir):
            first = known.setdefault(path.name, path)
            if first != path:
                self._report(f"{path}: {_namesake(path, first)}")
        records = self._attach(manifests, known)
        feedback = self._attach(streams, known)
        for path in sorted(known.values(), key=lambda path: path.name):
            self._open(path, records.get(path.name, []), feedback.get(path.name, []))
        self.usage.seats = sum(plan.wanted for plans in self._plans for plan in plans)
        self.usage.decisions = sum(self.sizes)

    @property
    def names(self) -> list[str]:
        """File names of the replays in use: what a resumed run must find again."""
        return [path.name for path in self._paths]

    def restrict(self, names: Sequence[str]) -> None:
        """Use these replays alone (those of the run that is resumed). Raises UserError when one is gone."""
        at = {path.name: match for match, path in enumerate(self._paths)}
        missing = [name for name in names if name not in at]
        if missing:
            raise UserError(
                f"--resume needs what is gone, {counted(len(missing), 'replay')}, {missing[0]} first; bring back all"
            )
        matches = [at[name] for name in names]
        self._paths = [self._paths[match] for match in matches]
        self._plans = [self._plans[match] for match in matches]

    @property
    def digest(self) -> str:
        """Changes with anything that is learned from the replays in use, wherever they and their feedback lie."""
        content = [[path.name, [plan.content() for plan in plans]] for path, plans in self.matches]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def check_unchanged(self, digest: str) -> None:
        """Raise UserError when something else is to be learned than when `digest` was taken."""
        if self.digest != digest:
            raise UserError(
                "--resume: live feedback or ratings of the replays in use are not those that the run began with; "
                "bring them back (--feedback-dir, --reports-live-dir), or start anew",
                2,
            )

    @property
    def sizes(self) -> list[int]:
        """Decisions of the seats that are used, one number a match."""
        return [sum(plan.decisions for plan in plans if plan.wanted) for plans in self._plans]

    @property
    def winning_decisions(self) -> int:
        """Decisions of the seats that are used and won."""
        return sum(plan.decisions for plans in self._plans for plan in plans if plan.wanted and plan.result == 1)

    @property
    def matches(self) -> list[tuple[Path, list[SeatPlan]]]:
        """Every match in use: its file, and what is taken from each seat."""
        return list(zip(self._paths, self._plans, strict=True))

    def read(self, matches: Sequence[int]) -> Iterator[Trajectory]:
        """Re-simulate these matches; one that does not give its recorded states is named and left out."""
        replays: list[RecordedMatch] = []
        plans, names = [], []
        for match in matches:
            try:
                replays.append(self.demonstrations.open(self._paths[match]))
                plans.append(self._plans[match])
                names.append(self._paths[match].name)
            except DemonstrationError as error:
                self._report(f"{error}; skipped")
        skipped = lambda error: self._report(f"{error}; skipped")  # noqa: E731
        for seat in self.demonstrations.decisions(replays, PARALLEL_MATCHES, skipped):
            plan = plans[seat.match][seat.seat]
            if plan.wanted:
                name = trajectory_name(names[seat.match], seat.seat)
                yield weigh(seat, plan, name)._replace(condition=self.conditions.get(name))

    def _report(self, line: str) -> None:
        """Say each thing once, though there is a line for every decision and matches are read in every epoch."""
        if line not in self._reported:
            self._reported.add(line)
            self._tell(line)

    def _attach(self, lines: Lines, known: dict[str, Path]) -> dict[str, list[object]]:
        """Sort lines by the file name of their replay, which joins `known`."""
        out: dict[str, list[object]] = {}
        for source, value in lines.entries:
            path = find_replay(value.replay, source, known)
            if path is None:
                self._unmatched(value)
                self._report(f"{source}: replay {value.replay} does not exist; what is said of it is left out")
                continue
            known.setdefault(path.name, path)
            out.setdefault(path.name, []).append(value)
        return out

    def _open(self, path: Path, records: Sequence[object], feedback: Sequence[object]) -> None:
        try:
            replay = self.demonstrations.open(path)
        except DemonstrationError as error:
            self.usage.skipped += 1
            self._report(f"{error}; skipped")
            for value in (*records, *feedback):
                self._unmatched(value)
            return
        if replay.name in self._matches:
            first = self._matches[replay.name]
            self._report(f"{path}: the same match as {self._paths[first]}; counted once")
            for value in records:
                self._unmatched(value)
            for value in feedback:
                self._take(value, replay, self._plans[first])
            return
        if self._choice.leaves_out(replay, commented=bool(feedback)):
            return
        self._matches[replay.name] = len(self._paths)
        self._count_people(replay)
        plans = [self._plan(replay, seat, records) for seat in range(len(replay.seats))]
        self.usage.live_matches += bool(records)
        for value in feedback:
            self._take(value, replay, plans)
        self._paths.append(path)
        self._plans.append(plans)
        self.usage.replays += 1

    def _plan(self, replay: RecordedMatch, seat: int, records: Sequence[object]) -> SeatPlan:
        """Choose a seat and rate it, the live manifest's word before the replay's."""
        info = replay.seats[seat]
        rating, live_places = info.rating, _live_places(records, len(replay.seats))
        policies = {info.policy}
        lines = [
            record.seats[seat] for record in records if isinstance(record, MatchRecord) and seat < len(record.seats)
        ]
        self.usage.ratings += any(live.rating is not None for live in lines)  # server and collector may both tell
        self.usage.outcomes += live_places is not None
        for live in lines:
            policies |= {live.policy, live.backend}
            rating = rating if live.rating is None else live.rating
        places = live_places or [each.place for each in replay.seats]
        result = float(standings_of(places)[seat])
        alone = len(replay.seats) < min(self.game.seat_numbers)  # a seat from elsewhere, without its rivals
        if alone or (live_places is None and _is_undecided(replay, seat)):
            result = float("nan")
        strength = 2.0 * expected_score(max(-LARGEST_RATING, min(LARGEST_RATING, rating or 0.0)))
        chosen, people = self._choice.of(info, policies, result)
        counts = strength * chosen, strength * people
        situation = self.demonstrations.situation(replay, seat)
        return SeatPlan(*counts, result, info.decisions, info.policy, situation, places[seat], rating)

    def _count_people(self, replay: RecordedMatch) -> None:
        for seat in replay.seats:
            if seat.person:
                played = self.people.setdefault(seat.person, Played())
                played.matches += 1
                played.decisions += seat.human_decisions

    def _take(self, value: object, replay: RecordedMatch, plans: list[SeatPlan]) -> None:
        """Attach a correction or a mark to its seat."""
        assert isinstance(value, Decision | Mark)
        if value.seat >= len(plans) or (isinstance(value, Decision) and not _fits(self.game.spec, value, replay)):
            self._unmatched(value)
        elif isinstance(value, Mark):
            plans[value.seat].marks.append(value)
            self.usage.marks += 1
        elif value.controller == HUMAN and not self._choice.person:  # nothing says who corrected
            plans[value.seat].corrections[value.tick] = value.action
            self.usage.corrections += 1

    def _unmatched(self, value: object) -> None:
        if isinstance(value, MatchRecord):
            self.usage.live_matches_unmatched += 1
        elif isinstance(value, Mark):
            self.usage.marks_unmatched += 1
        elif isinstance(value, Decision) and value.controller == HUMAN:
            self.usage.corrections_unmatched += 1


def _namesake(path: Path, first: Path) -> str:
    """What becomes of a file that has the name of another one, which is used."""
    if path.read_bytes() == first.read_bytes():
        return f"the same match as {first}; counted once"
    return f"left out, because {first} has the same name; rename one of them"


def trajectory_name(file: str, seat: int) -> str:
    """The name of what a seat did in the match of a file."""
    return f"{file}:{seat}"


def weigh(seat: SeatDecisions, plan: SeatPlan, name: str) -> Trajectory:
    """The decisions of a seat with their weights; corrections replace what was done at their tick."""
    strength = np.where(seat.human, plan.human_strength, plan.strength).astype(np.float32)
    factors = seat.weights.astype(np.float32)
    for mark in plan.marks:
        factors[(seat.ticks >= mark.start) & (seat.ticks <= mark.end)] = MARK_FACTOR[mark.verdict]
    weights = strength * factors
    actions = seat.actions
    if plan.corrections:
        actions = actions.copy()
        for row, tick in enumerate(seat.ticks.tolist()):
            if tick in plan.corrections:
                actions[row] = plan.corrections[tick]
                weights[row] = CORRECTION_WEIGHT
    return Trajectory(name, seat.observation, actions, weights, plan.result)


def _is_undecided(replay: RecordedMatch, seat: int) -> bool:
    """Whether the match was broken off while the seat and another one were in it."""
    return replay.seats[seat].cut_off and sum(each.cut_off for each in replay.seats) > 1


def _live_places(records: Sequence[object], seats: int) -> list[int] | None:
    """The finishing places of all `seats` by the last live manifest entry that names them; None without one."""
    for record in reversed(records):
        if isinstance(record, MatchRecord) and len(record.seats) == seats:
            places = [seat.place for seat in record.seats if seat.place is not None]
            if len(places) == seats:
                return places
    return None


def _fits(spec: Spec, value: Decision, replay: RecordedMatch) -> bool:
    """Whether the seat decided at that tick, and the action has a category that exists for each head."""
    heads = spec.heads
    legal = len(value.action) == len(heads) and all(a < h.size for a, h in zip(value.action, heads, strict=True))
    return legal and replay.decided(value.seat, value.tick)
