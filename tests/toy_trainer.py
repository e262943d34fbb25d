"""Trainers of the toy game, whose players meet themselves and a bot, in one process or in several."""

import torch

from botgame.training.alphastar.actor.actor import Environment
from botgame.training.alphastar.actor.numbers import MatchNumbers
from botgame.training.alphastar.engine.exchange import Exchange
from botgame.training.alphastar.engine.part import Part
from botgame.training.alphastar.engine.parts import Parts
from botgame.training.alphastar.engine.portions import Place, Table, deal
from botgame.training.alphastar.engine.processes import Processes
from botgame.training.alphastar.engine.worker import Worker
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.trainer import Trainer
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from toy_game import TOY_SPEC, Fixed, toy_matches

CONFIG = RLConfig(
    actor_rollouts=4, unroll_length=4, replay_size=64, min_replay_sequences=8, matches_per_actor=8, batch_size=8,
    lr=3e-3, value_iterations=2, kl_cost=2e-3, reward_weights=(("lead", 0.5),),
)  # fmt: skip


def players(episode: int) -> tuple[int, int]:
    return [(0, 0), (0, 1), (1, 0)][episode % 3]


class ToyWorker(Worker):
    """A process of which the parts can begin again and again, so that tests share it."""

    def __init__(self, place: Place, exchange: Exchange | None = None) -> None:
        super().__init__({}, exchange)
        self.place = place

    def begin(self, player: str, config: RLConfig, preset: str) -> None:
        student, teacher = (Network(TOY_SPEC, PRESETS[preset], 0) for _ in range(2))
        (table,), portion = deal([Table(2, config.matches, 1.0)], self.place.size)[self.place.rank]
        numbers, bot = MatchNumbers(table.first, table.step), Fixed(2)
        matches = toy_matches(table.slots, players, numbers=numbers)
        environment = Environment(TOY_SPEC, matches, lambda _player: bot, slots=table.slots, numbers=numbers)
        rank = self.place.rank
        self.networks[player] = student
        self.parts[player] = Part(
            environment, student, teacher, config, learning_seats=4 / 3, rank=rank, portion=portion
        )

    def weights(self, player: str) -> dict[str, torch.Tensor]:
        return dict(self.networks[player].state_dict())

    def fail(self, error: Exception | None) -> None:
        if self.place.rank and error:
            raise error


def processes_of(size: int, preset: str = "tiny") -> Processes[ToyWorker]:
    network = Network(TOY_SPEC, PRESETS[preset], 0)
    return Processes(ToyWorker(Place(0, size)), network, size, ToyWorker)


def trainer(
    config: RLConfig = CONFIG,
    preset: str = "tiny",
    processes: Processes[ToyWorker] | None = None,
    player: str = "a",
) -> Trainer:
    """A trainer at its start. processes: that it works in from now on, whatever they did before; one unless given."""
    processes = processes or processes_of(1, preset)
    processes.everywhere("begin", player, config, preset)
    parts = Parts(processes, player, processes.size)
    return Trainer(parts, processes.worker.networks[player], config)
