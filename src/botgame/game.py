"""What a game does: the one contract between a game and everything that plays, trains, evaluates or reports.

`botgame.spec` says what a game looks like to a learner; this page says how it is played. A game is one `Game` value:
its spec, a function that makes a `Simulation` of many matches at once, its scripted bots, and what else it has to
offer. `botgame.match_batch` runs a simulation, `botgame.games` finds a game by name. Types and NumPy only.

B: slots (matches that run at once), P: seats of a match, N: rows (seats that are due to decide), H: action heads,
C: things that are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from botgame.bot_names import WORDS, split_noise
from botgame.errors import UserError
from botgame.spec import Spec
from botgame.statistic_z import ZSpec

Array = NDArray[Any]
Observation = dict[str, Array]
Snapshot = dict[str, Any]
Decide = Callable[[Observation, Array, Array], Array]
DecideRows = Callable[[Observation, Array, Array, Array], Array]


@runtime_checkable
class Policy(Protocol):
    """A bot: scripted, learned, exported or a user's own. `name` is shown in tables.

    It sees only the observation (`botgame.spec` lists its arrays), keeps float32 memory of `memory_size` numbers a seat
    that its caller stores and resets with each match, and draws randomness from one key a row. So a row's action
    depends on that row alone, and results do not change with how rows are batched.

    A policy that was trained in one faction alone names it in a further attribute `faction`. One that plays under a cap
    on its actions has the cap in `action_cap` (`ActionCaps`), one that reacts more slowly than the rules let bots react
    has its reaction time in `reaction_ticks`.
    """

    name: str
    memory_size: int

    def initial_memory(self, n: int) -> Array:
        """Memory at the start of a match: float32 [n, M]."""
        ...

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """Decide for n seats.

        observation: dict of arrays with n rows; memory: float32 [n, M]; keys: uint64 [n], one random key a row
        (`botgame.rng.uniforms(keys, k)` makes k numbers of each).
        Returns actions int64 [n, H] (H heads in spec order, 0 in unused ones) and the new memory float32 [n, M].
        """
        ...


class ScriptedPolicy:
    """A policy around a function of (observation, memory, keys) that returns actions and updates memory in place."""

    def __init__(self, name: str, decide: Decide, memory_size: int = 0) -> None:
        self.name = name
        self.memory_size = memory_size
        self._decide = decide

    def initial_memory(self, n: int) -> Array:
        """Zeros, float32 [n, M]."""
        return np.zeros((n, self.memory_size), np.float32)

    def act(self, observation: Observation, memory: Array, keys: Array) -> tuple[Array, Array]:
        """See `Policy.act`; the memory handed in stays as it is."""
        memory = memory.copy()
        return self._decide(observation, memory, keys), memory


class Parameter(NamedTuple):
    """One of the numbers that a family's bots differ in: its range, and what the family's usual bot has."""

    name: str
    lowest: float
    highest: float
    standard: float


@dataclass(frozen=True)
class Family:
    """Scripted bots that share their rules and differ in D numbers. Raises ValueError for a contradiction.

    decide: as the function of a `ScriptedPolicy`, with the numbers of each row's bot as a further argument, float64
    [n, D], so that many bots decide in one call (`botgame.families` makes bots of it). memory_size: of each bot.
    """

    parameters: tuple[Parameter, ...]
    decide: DecideRows
    memory_size: int = 0

    def __deepcopy__(self, _memo: dict[int, Any]) -> Family:
        """Itself: nothing in it changes, and its bots are known by it."""
        return self

    def __post_init__(self) -> None:
        """Refuse parameters that contradict themselves or each other."""
        if not self.parameters or len({each.name for each in self.parameters}) < len(self.parameters):
            raise ValueError("a family needs parameters, each with a name of its own")
        for name, lowest, highest, standard in self.parameters:
            if not -np.inf < lowest <= standard <= highest < np.inf or lowest == highest:
                raise ValueError(f"parameter {name}: {standard} in {lowest} to {highest}, expected a number in a range")


@dataclass(frozen=True)
class Setup:
    """One match to play. `players[p]` is the number of the policy in seat p, `factions[p]` the seat's faction.

    seed: 0 to 2^64 - 1, decides the map and every draw of simulation and policies. factions: () in a game without
    factions. duration_ticks: longest duration; 0 in a game whose duration cannot be chosen. tag: the caller's own
    number.
    """

    seed: int
    players: tuple[int, ...]
    factions: tuple[int, ...] = ()
    duration_ticks: int = 0
    tag: int = 0

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Setup:
        """Inverse of `dataclasses.asdict`; lists may stand for tuples."""
        return Setup(**{**data, "players": tuple(data["players"]), "factions": tuple(data["factions"])})


class SeatLimits(NamedTuple):
    """What a seat plays under in place of the rules' limits on bots; 0: as the rules say.

    action_cap: the cap on its actions (`ActionCaps`). reaction_ticks: how old what it sees is; never younger than the
    rules allow.
    """

    action_cap: int = 0
    reaction_ticks: int = 0


USUAL_LIMITS = SeatLimits()


class Due(NamedTuple):
    """The N seats that are to decide: int32 [N] each, ordered by slot, then seat."""

    slot: Array
    seat: Array

    def rows(self, rows: Array) -> Due:
        """Some of these seats; rows: int [n]."""
        return Due(self.slot[rows], self.seat[rows])


class Outcome(NamedTuple):
    """How a match went.

    ticks: how long it took. places: int32 [P], 1 = first, ties share a place. rewards: by the names of the spec's
    reward streams, float32 [P], each summed over the match. counts: int64 [P, C], how often each seat did each of
    `Game.counted`.
    """

    ticks: int
    places: Array
    rewards: dict[str, Array]
    counts: Array


class Simulation(Protocol):
    """B matches of P seats each, advanced from decision to decision.

    Deterministic: equal set-ups and actions give equal bits. Nothing that happens in one
    slot depends on another. At first every slot is done: nothing runs before `reset`.
    """

    def reset(self, slot: int, setup: Setup, limits: Sequence[SeatLimits]) -> None:
        """Start a match in `slot`. limits: each seat's own ones."""

    def advance(self) -> Due:
        """Run every unfinished match until a seat is due or it is over; returns all due seats.

        A match with a due seat stands still until that seat has acted, so seats may also be answered later.
        """

    def observe(self, due: Due) -> Observation:
        """What these due seats see: arrays with one row a seat, as `Spec` says.

        A game may add arrays for its own scripted bots; no network reads them.
        """

    def rewards(self, due: Due) -> dict[str, Array]:
        """Each reward stream of these seats, summed since their matches began: float32 [n] by name."""

    def act(self, due: Due, actions: Array) -> Array:
        """Answer some due seats with int64 [n, H]; returns the accepted actions."""

    @property
    def ticks(self) -> Array:
        """Game time of every slot, int64 [B]."""

    @property
    def done(self) -> Array:
        """Bool [B]: the matches that are over, or were not started."""

    def outcome(self, slot: int) -> Outcome:
        """How the match in `slot` went, once it is done."""

    def snapshot(self) -> Snapshot:
        """Exact state as plain arrays and JSON values, copied. Raises UserError where a game cannot be saved."""

    def restore(self, snapshot: Snapshot) -> None:
        """Inverse of `snapshot`. Raises ValueError when it does not fit."""


@runtime_checkable
class AnswersBots(Protocol):
    """A `Simulation` may also answer bots itself, where nobody else wants to know what they decide: fewer calls.

    A seat that it answers is never due. A match may stand still once all its other seats are out.
    """

    def can_answer(self, policy: Policy) -> bool:
        """Whether this is a bot that the simulation knows how to play."""

    def answer(self, slot: int, seat: int, policy: Policy, key_base: int) -> None:
        """Until the slot's next `reset` the seat decides as the policy does with the keys `mix(key_base, tick)`."""


class Ended(NamedTuple):
    """A match that is over. `episode` is its position in the stream of set-ups."""

    slot: int
    episode: int
    setup: Setup
    outcome: Outcome


class Step(NamedTuple):
    """The N seats that are due, and the matches that ended since the last step.

    slot, seat, player: int32 [N]; episode: int64 [N]; keys: uint64 [N], the randomness of each row. A slot listed in
    `ended` may already play its next match here.
    """

    ended: list[Ended]
    slot: Array
    seat: Array
    player: Array
    episode: Array
    keys: Array

    @property
    def due(self) -> Due:
        """The rows as the simulation names them."""
        return Due(self.slot, self.seat)


class Matches(Protocol):
    """Matches from a stream of set-ups, as a stream of decisions: see `botgame.match_batch.MatchBatch`."""

    def next(self) -> Step | None:
        """Run on to the next decisions; None when all matches are over and the set-ups are exhausted."""

    def observe(self, due: Due) -> Observation:
        """See `Simulation.observe`."""

    def rewards(self, due: Due) -> dict[str, Array]:
        """See `Simulation.rewards`."""

    def act(self, due: Due, actions: Array) -> Array:
        """Answer some of the step's rows; the others stay due and come again in the next step."""

    def snapshot(self) -> Snapshot:
        """Exact state, plain arrays and numbers."""

    def restore(self, snapshot: Snapshot) -> None:
        """Inverse of `snapshot`."""


class Listener(Protocol):
    """Follows the matches of a batch: a recorder, a meter."""

    def begin(self, slot: int, setup: Setup) -> None:
        """A match was set up in `slot`."""

    def decisions(self, due: Due) -> None:
        """These seats are about to act."""

    def accepted(self, due: Due, actions: Array) -> None:
        """They acted; actions: the accepted ones, int64 [n, H]."""

    def end(self, ended: Ended) -> None:
        """The match in `ended.slot` is over; its state is still there."""


class StatisticMeter(Listener, Protocol):
    """Measures statistic z of the seats of running matches; serves one simulation.

    The *situation* of a seat says which entries of a library suit it: for example its own and its opponent's faction.
    """

    def groups(self, due: Due) -> Array:
        """The situation of each seat, int64 [n]."""

    def rows(self, due: Due) -> Array:
        """How each seat has played so far, float32 [n, W] (`botgame.statistic_z`)."""

    def progress(self, slots: Array) -> Array:
        """How much of its longest duration each match has lasted, float [n] in [0, 1]."""

    def final(self, episode: int) -> Array:
        """How the seats of a match that has just ended played, float32 [P, W]; asked once."""

    def snapshot(self) -> Snapshot:
        """Exact state, plain arrays."""

    def restore(self, snapshot: Snapshot) -> None:
        """Inverse of `snapshot`."""


@dataclass(frozen=True)
class StatisticZ:
    """A game's statistic z: what is measured, and a meter for a simulation."""

    spec: ZSpec
    meter: Callable[[Any], StatisticMeter]


class RecordedSeat(NamedTuple):
    """One seat of a recorded match.

    policy: who played; human: a person held it at first; taken_over: a person held it for a part of the match;
    decisions: how many it made; place: 1 = first; rating: where known, with the yardstick at 0. person: the name of the
    person who held it at first, "" for a bot; human_decisions: how many of its decisions people made. cut_off: it was
    still in the match when that was broken off, so its place says nothing about others who were.
    """

    policy: str
    faction: int
    place: int
    decisions: int
    rating: float | None = None
    human: bool = False
    taken_over: bool = False
    person: str = ""
    human_decisions: int = 0
    cut_off: bool = False


class RecordedMatch(Protocol):
    """One recorded match, opened: small, without observations."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def name(self) -> str:
        """What its file is called as it was recorded."""

    @property
    def seats(self) -> tuple[RecordedSeat, ...]:
        """Who played and how it ended."""

    def decided(self, seat: int, tick: int) -> bool:
        """Whether `seat` made a decision at `tick`."""


class SeatDecisions(NamedTuple):
    """All T decisions of one seat in one recorded match. `match` is the match's position in the caller's list.

    observation: arrays [T, ...], exactly what the seat saw; actions: int64 [T, H]; ticks: int32 [T]; human: bool [T],
    a person decided; weights: float32 [T] from marks in the file, 1 where nothing was marked.
    """

    match: int
    seat: int
    observation: Observation
    actions: Array
    ticks: Array
    human: Array
    weights: Array


class DemonstrationError(UserError):
    """A file that holds no usable recorded match; the message names it and the reason in one line."""


Report = Callable[[DemonstrationError], None]


class Demonstrations(Protocol):
    """Recorded matches of a game as files to learn from."""

    def scan(self, folder: Path) -> list[Path]:
        """Every file below `folder` that may hold a recorded match, sorted; [] where there is no folder."""

    def open(self, path: Path) -> RecordedMatch:
        """Raises DemonstrationError."""

    def decisions(self, matches: Iterable[RecordedMatch], parallel: int, report: Report) -> Iterator[SeatDecisions]:
        """What every seat saw and did, `parallel` matches at a time; the order depends on these two alone.

        A match that cannot be reproduced is handed to `report` and left out.
        """

    def statistics(self, matches: Iterable[RecordedMatch], parallel: int) -> Iterator[tuple[int, Array]]:
        """Statistic z of the seats of each match that can be reproduced: its position, float32 [P, W]."""

    def situation(self, match: RecordedMatch, seat: int) -> int:
        """As `StatisticMeter.groups` for a running match."""


class ActionCaps(NamedTuple):
    """Caps on a seat's actions that a game enforces: 1 to `most`, or `uncapped`, a number that lifts the cap."""

    most: int
    uncapped: int


@dataclass(frozen=True)
class Handicap:
    """What makes a trained bot a weaker opponent (`botgame.levels`). Raises ValueError for a number out of range.

    note: what it plays like, in words for people. temperature: at which its actions are sampled; 0: its own. chance:
    the share of its decisions that the game's bot `random` makes. action_cap, reaction_ticks: as in `SeatLimits`.
    """

    note: str = ""
    temperature: float = 0.0
    chance: float = 0.0
    action_cap: int = 0
    reaction_ticks: int = 0

    def __post_init__(self) -> None:
        """Refuse what no bot can play under."""
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance is {self.chance}, expected 0 to 1")
        if not 0 <= self.temperature < 1e6 or min(self.action_cap, self.reaction_ticks) < 0:
            raise ValueError("temperature, action_cap and reaction_ticks must be 0 or more")


@dataclass(frozen=True)
class Scratch:
    """What helps a learner that starts from random weights; a learner that can play already does without.

    simulate: the simulation that it learns in, with other dense rewards under the same names; None: the game's.
    opponents, reward_weights: as in `Game`, in their place; the game's where none are given. A ladder of opponents from
    weak to strong, such as `expert~0.4` and `expert~0.2` (`botgame.bot_names`), is worth most. logits: of the first
    categories of heads, by head, at which its policy starts instead of at 0. scalar_logits: what a scalar of 1 then
    adds to its category's logit, for the first groups of `category_scalars`, by head.
    """

    simulate: Callable[[int, int], Simulation] | None = None
    opponents: Mapping[str, float] = field(default_factory=dict)
    reward_weights: Mapping[str, float] = field(default_factory=dict)
    logits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    scalar_logits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Game:
    """One game. Raises ValueError for a contradiction among its fields.

    simulate: makes a simulation of (slots, seats). bots: scripted bots by name, each made when it is asked for.
    families: of scripted bots, by name; a search finds their strongest (`exploit --family`). yardsticks: bots to
    measure against; the first anchors ratings at 0. opponents: default shares of the opponents of RL, by name: a bot, a
    family, `self` or `past`. seat_numbers: how many seats a match may have, the usual number first. factions: names of
    what a seat may play as, () where seats are alike. duration_ticks: usual longest duration, 0 where it cannot be
    chosen. rules: plain JSON values that matter to a trained bot; kept in checkpoints. counted: what `Outcome.counts`
    counts; its first entry is "nothing". checkpoints: trained bots that come with the game, the one with levels first.
    reward_weights: of each reward stream's advantage in RL, 1 where none is given. reward_points: what 1 of a stream is
    in the game's own points, for streams whose mean is worth showing beside win rates. action_caps, statistic_z,
    demonstrations, picture (a recorded match as SVG text): None where the game has none. draw: the running match in a
    slot of a simulation as a picture, uint8 [height, width, 3]; recorder: makes a listener for a simulation that writes
    every match that ends into a folder, given the name of each player; None where the game has none. out: the seats
    that will never be due again, bool [B, P], while their matches may go on; `Simulation.outcome` already holds for
    them, so a learner may leave a match once it is out; None where a game does not say. scratch: for learners from
    random weights.
    handicaps: what makes the levels of a trained bot, the weakest first; () for those that suit any game.
    apart: seats never meet, since each plays a copy of its own; then two turns of one seed would be one match.
    corrects_actions: `Simulation.act` makes a legal action of any other; elsewhere that is the bot's mistake.
    usual_reaction: ticks, how old what a bot sees is by the rules; slowest_reaction: the most that
    `SeatLimits.reaction_ticks` may be, 0 where a seat's reaction cannot be chosen.
    """

    name: str
    spec: Spec
    simulate: Callable[[int, int], Simulation]
    bots: Mapping[str, Callable[[], Policy]]
    yardsticks: tuple[str, ...]
    opponents: Mapping[str, float]
    seat_numbers: tuple[int, ...] = (2,)
    factions: tuple[str, ...] = ()
    duration_ticks: int = 0
    rules: Mapping[str, Any] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    checkpoints: Mapping[str, Path] = field(default_factory=dict)
    reward_weights: Mapping[str, float] = field(default_factory=dict)
    reward_points: Mapping[str, float] = field(default_factory=dict)
    action_caps: ActionCaps | None = None
    statistic_z: StatisticZ | None = None
    demonstrations: Demonstrations | None = None
    picture: Callable[[Path], str] | None = None
    draw: Callable[[Any, int], Array] | None = None
    recorder: Callable[[Any, Sequence[str], Path], Listener] | None = None
    out: Callable[[Any], Array] | None = None
    scratch: Scratch = field(default_factory=Scratch)
    handicaps: tuple[Handicap, ...] = ()
    usual_reaction: int = 0
    slowest_reaction: int = 0
    families: Mapping[str, Family] = field(default_factory=dict)
    apart: bool = False
    corrects_actions: bool = False

    def __post_init__(self) -> None:
        """Refuse a game that contradicts itself, with the reason."""
        opponents = {split_noise(name)[0] for name in (*self.opponents, *self.scratch.opponents)}
        unknown = {*self.yardsticks, *opponents} - {*self.bots, *self.families, "self", "past"}
        if not self.yardsticks or unknown:
            raise ValueError(f"game {self.name}: yardsticks and opponents must be bots of the game, not {unknown}")
        if taken := {*self.families} & {*self.bots, *self.checkpoints, *self.yardsticks, *WORDS}:
            raise ValueError(f"game {self.name}: a family cannot be called {', '.join(sorted(taken))}")
        if odd := [name for name in self.families if not name.isidentifier()]:
            raise ValueError(f"game {self.name}: the name of a family is a word, not {', '.join(odd)}")
        streams = {*self.reward_weights, *self.reward_points, *self.scratch.reward_weights}
        strange = streams - {reward.name for reward in self.spec.rewards}
        if strange:
            raise ValueError(f"game {self.name}: the spec has no rewards called {', '.join(sorted(strange))}")
        heads = {head.name for head in self.spec.heads}
        if strange := {*self.scratch.logits, *self.scratch.scalar_logits} - heads:
            raise ValueError(f"game {self.name}: the spec has no heads called {', '.join(sorted(strange))}")
        if not self.seat_numbers or min(self.seat_numbers) < 1:
            raise ValueError(f"game {self.name}: seat_numbers are {self.seat_numbers}, expected 1 or more")

    def __deepcopy__(self, _memo: dict[int, Any]) -> Game:
        """Itself: nothing in it changes."""
        return self

    @property
    def yardstick(self) -> str:
        """The bot whose rating is 0."""
        return self.yardsticks[0]

    @property
    def seats(self) -> int:
        """The usual number of seats."""
        return self.seat_numbers[0]

    @property
    def seconds(self) -> float:
        """The usual longest duration in game seconds."""
        return self.duration_ticks / self.spec.ticks_per_second


def own_factions(game: Game, policies: Sequence[Policy]) -> dict[int, int]:
    """The faction of each policy that was trained in one alone, by the policy's index; it is where it should play.

    Raises UserError for a faction that the game does not have.
    """
    named = {index: getattr(policy, "faction", "") for index, policy in enumerate(policies)}
    for index, faction in named.items():
        if faction and faction not in game.factions:
            name, known = policies[index].name, ", ".join(game.factions) or "none"
            raise UserError(f"{name}: trained as {faction!r}, game {game.name} has {known}; train it again")
    return {index: game.factions.index(faction) for index, faction in named.items() if faction}
