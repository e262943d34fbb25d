"""A tiny network conditioned on styles and ratings, with a library from random matches: no training needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from botgame.lms.replay.resimulate import resimulate
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC, situation_of
from botgame.training.alphastar.checkpoint import Checkpoint, save_checkpoint
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.network.presets import PRESETS
from botgame.training.alphastar.statistic_z.condition_spec import ConditionSpec
from botgame.training.alphastar.statistic_z.conditioning import Conditioning
from botgame.training.alphastar.statistic_z.library import StyleLibrary
from matches import record
from toy_network import randomize

TOP = 80.0


def conditioning() -> Conditioning:
    """All blocks; every seat of six random duels is in the library, under the name of its school."""
    rows, groups, names = [], [], []
    for finished in resimulate(record(6), statistic_z=True):
        schools = [seat.school for seat in finished.replay.header.seats]
        for seat, row in enumerate(finished.statistics):
            rows.append(row)
            groups.append(situation_of(schools, seat))
            names.append(f"school{schools[seat]}")
    library = StyleLibrary.build(ARENA_Z_SPEC, rows, groups, [0.0] * len(rows), names)
    return Conditioning(ConditionSpec(ARENA_Z_SPEC, opening=True, totals=True, rating=True), library, TOP)


def styled_network(made: Conditioning, seed: int = 3) -> Network:
    """Random weights, in the condition's layers too."""
    sizes = replace(PRESETS["tiny"], condition=made.inputs.width, extra_values=2)
    network = Network(ARENA_SPEC, sizes, seed)
    randomize(network, seed)
    with torch.no_grad():
        for parameter in network.heads.parameters():
            parameter.mul_(0.3)  # not too sure of anything
    network.set_default_condition(made.default())
    return network


def save_styled(path: Path) -> Conditioning:
    """Write such a checkpoint; returns its conditioning."""
    made = conditioning()
    network = styled_network(made)
    sizes, weights = network.config.to_dict(), network.state_dict()
    more = {"rules": Rules().to_dict(), "conditioning": made.snapshot()}
    save_checkpoint(path, Checkpoint("lms", "imitation", ARENA_SPEC, sizes, weights, **more))
    return made


def rows_of(made: Conditioning, count: int) -> np.ndarray:
    """Rows of the library, repeated as needed: float32 [count, ZSpec.width]."""
    return made.library.rows[np.arange(count) % len(made.library)]
