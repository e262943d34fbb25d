"""One learning player at work: its trainer, and the stream of matches that the league's rules choose for it.

Each iteration draws a bounded number of pairings and shares the new matches among them in turn, so frozen networks
act in useful batches. A match keeps its opponent to its end. Only the player that asked for a match learns from it:
an exploiter's match never trains the main agent that it plays against. In live self-play both seats are the player.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from botgame import rng
from botgame.game.arena import Arena
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import SCHOOLS
from botgame.match import Ended, MatchBatch, Setup
from botgame.training.alphastar.actor import Venue
from botgame.training.alphastar.config import RLConfig
from botgame.training.alphastar.league import League
from botgame.training.alphastar.matchmaking import Pairing
from botgame.training.alphastar.seating import LEARNER, Opponent
from botgame.training.alphastar.trainer import Iteration, Trainer
from botgame.training.league_players import Players

SEATS = 2
_MATCHES = 0x6C6561677565  # purpose of the training matches' random key
_SEAT = 64  # sub-key of the coin that seats the learner; smaller ones draw schools


class Roster:
    """Numbers for player names, as match set-ups want them; 0 is whoever learns."""

    def __init__(self, names: list[str] | None = None) -> None:
        self.names = list(names or [])

    def number(self, name: str) -> int:
        """The number of `name`, a new one if it has none."""
        if name not in self.names:
            self.names.append(name)
        return 1 + self.names.index(name)

    def name(self, number: int) -> str:
        """Inverse of `number`."""
        return self.names[number - 1]


class Seat:
    """Learning player `name` of `league`. `generation` counts how often it started anew."""

    def __init__(
        self,
        name: str,
        league: League,
        players: Players,
        roster: Roster,
        config: RLConfig,
        *,
        slots: int,
        duration_ticks: int,
        seed: int,
        threads: int,
        device: torch.device,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.generation = name, int(state["generation"]) if state else 0
        self._league, self._players, self._roster = league, players, roster
        self._config, self._slots, self._seed = config, slots, seed
        self._duration = duration_ticks
        self._threads, self._device = threads, device
        self._pairings = [Pairing(*fields) for fields in state["pairings"]] if state else []
        self.trainer = self._make_trainer(state["trainer"]["actor"]["matches"]["taken"] if state else 0)
        if state:
            self.trainer.load(state["trainer"])

    def iterate(self, progress: float) -> Iteration:
        """Ask the league for this iteration's pairings, then act and learn; `progress`: see `Trainer.iterate`."""
        self._pairings = [self._league.request(self.name) for _ in range(self._slots)]
        return self.trainer.iterate(progress)

    def start_anew(self) -> None:
        """Go on from the weights that the player starts from, with fresh matches, buffer and optimiser."""
        old = self.trainer
        old.close()
        self.generation += 1
        self.trainer = self._make_trainer(0)
        self.trainer.learner.steps = old.learner.steps
        self.trainer.episodes, self.trainer.decisions = old.episodes, old.decisions

    def pairing(self, match: Ended) -> tuple[str, str, int]:
        """Home, away and the result (+1, 0, -1) for home of a match of this player."""
        players = match.setup.players
        others = [number for number in players if number != LEARNER]
        away = self._roster.name(others[0]) if others else self.name
        return self.name, away, round(float(match.results[players.index(LEARNER)]))

    def state(self) -> dict[str, Any]:
        """Everything that decides how this player goes on; the network's weights are in the trainer's."""
        return {
            "generation": self.generation,
            "pairings": [list(pairing) for pairing in self._pairings],
            "trainer": self.trainer.state(),
        }

    def _make_trainer(self, taken: int) -> Trainer:
        player_seed = rng.derive(self._seed, *self.name.encode(), self.generation)
        matches = MatchBatch(Arena(self._config.matches, SEATS), self._setups(player_seed, taken))
        share = self._league.config.rules.self_play_share if self._league.learners[self.name].role == "main" else 0.0
        return Trainer(
            Venue(ARENA_SPEC, matches, self._opponent, self._patient, SEATS),
            self._players.enter(self.name),
            self._players.teacher(),
            self._config,
            learning_seats=1.0 + share,
            seed=player_seed,
            threads=self._threads,
            device=self._device,
        )

    def _setups(self, seed: int, taken: int) -> Iterator[Setup]:
        """Endless duels from number `taken` on, each with a pairing of the iteration in which it begins."""
        episode = taken
        while True:
            pairing = self._pairings[episode % len(self._pairings)]
            key = rng.derive(seed, _MATCHES, episode)
            schools = tuple(rng.derive(key, seat) % len(SCHOOLS) for seat in range(SEATS))
            other = LEARNER if pairing.away == self.name else self._roster.number(pairing.away)
            swap = rng.derive(key, _SEAT) % 2
            yield Setup(key, (other, LEARNER) if swap else (LEARNER, other), schools, self._duration, tag=episode)
            episode += 1

    def _opponent(self, number: int) -> Opponent:
        return self._players.policy(self._roster.name(number))

    def _patient(self, number: int) -> bool:
        return self._players.is_network(self._roster.name(number))
