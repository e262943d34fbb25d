"""A dataset of Minari as demonstrations: each episode becomes a file that imitation reads."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from botgame.datasets.library import opened
from botgame.datasets.translation import Translate, translator
from botgame.errors import UserError
from botgame.files import check_writable
from botgame.game import Game
from botgame.games import load_game
from botgame.recordings.seat_file import About, SeatContent, fault_of_decisions, write_seat
from botgame.wording import counted


def import_dataset(options: Namespace) -> str:
    """Write the files that the flags say. Returns one line about it; raises UserError."""
    game = load_game(options.game)
    if game.demonstrations is not None:
        raise UserError(f"game {game.name} learns from its own recordings, not from datasets; choose another --game", 2)
    dataset = opened(options.dataset)
    translate = translator(game, dataset.observation_space, dataset.action_space)
    check_writable(options.data_dir / "seat")
    files, steps = set(), 0
    for episode in dataset.iterate_episodes():
        if len(episode.rewards):
            files.add(_write(options.data_dir, options.dataset, game, translate, episode))
            steps += len(episode.rewards)
    if not files:
        raise UserError(f"dataset {options.dataset} has no decisions; choose another")
    amount = f"{counted(len(files), 'episode')}, {counted(steps, 'decision')}"
    return f"{amount} in {options.data_dir}; imitate them with --seats all"


def _write(folder: Path, dataset: str, game: Game, translate: Translate, episode: Any) -> Path:
    """The file of one episode. Raises UserError for one that cannot be learned from."""
    observation, actions = translate(episode)
    if fault := fault_of_decisions(observation, actions, game):
        raise UserError(f"episode {episode.id} of {dataset}: {fault}; the dataset is not of this game")
    source = f"{dataset}, episode {episode.id}"
    about = About(game.name, game.spec.digest(), dataset, source, decisions=len(actions))
    return write_seat(folder, SeatContent(about, observation, actions, np.arange(len(actions), dtype=np.int32)))
