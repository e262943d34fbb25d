"""Recorded matches as a dataset of Minari: every seat's view is an episode.

An episode of T decisions has T + 1 observations; the last one repeats the one before, since nobody observes a match
that is over. The reward is 0 but for the last decision, which has the result: 1 for finishing above all others, -1
below all, between them otherwise. Exact arrays, no pictures.
"""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from botgame.datasets.library import DATA, make_namespace, minari, place_of
from botgame.envs.spaces import action_space, as_element, observation_space
from botgame.errors import UserError
from botgame.files import replace
from botgame.game import DemonstrationError, Demonstrations, Game, RecordedMatch, SeatDecisions
from botgame.games import load_game
from botgame.recordings.demonstrations import Recordings
from botgame.standings import standings_of
from botgame.wording import counted

PARALLEL_MATCHES = 64


class Episode(NamedTuple):
    """One seat of one match, and whose it is."""

    seat: SeatDecisions
    policy: str
    faction: int
    place: int
    result: float
    match: str


def export(options: Namespace) -> str:
    """Write the dataset that the flags say. Returns one line about it; raises UserError."""
    game, target = load_game(options.game), place_of(options.dataset)
    if target.exists():
        raise UserError(f"{target} exists already; choose another --dataset, or delete it: minari delete", 2)
    episodes, skipped = episodes_of(game, options.data_dir)
    half = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(half, ignore_errors=True)
    try:
        count, steps = write(half / DATA, options.dataset, game, episodes)
        if not count:
            what = f"--data-dir {options.data_dir} holds no decision of game {game.name}; record some matches"
            raise UserError(what + _left_out(skipped))
        make_namespace(options.dataset)
        replace(half, target)
    except OSError as error:
        raise UserError(f"cannot write {target} ({error.strerror or error}); free space") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    amount = f"{counted(count, 'episode')}, {counted(steps, 'decision')}"
    return f"{options.dataset}: {amount} in {target}{_left_out(skipped)}"


def _left_out(skipped: list[DemonstrationError]) -> str:
    return f", {counted(len(skipped), 'unusable file')} left out, first {skipped[0]}" if skipped else ""


def episodes_of(game: Game, folder: Path) -> tuple[Iterator[Episode], list[DemonstrationError]]:
    """The seats of all recorded matches below `folder`, and the files that could not be used, which fills meanwhile."""
    source: Demonstrations = game.demonstrations or Recordings(game)
    matches: list[RecordedMatch] = []
    skipped: list[DemonstrationError] = []
    for path in source.scan(folder):
        try:
            matches.append(source.open(path))
        except DemonstrationError as error:
            skipped.append(error)
    return _episodes(source, matches, skipped), skipped


def _episodes(
    source: Demonstrations, matches: list[RecordedMatch], skipped: list[DemonstrationError]
) -> Iterator[Episode]:
    for seat in source.decisions(matches, PARALLEL_MATCHES, skipped.append):
        match = matches[seat.match]
        info = match.seats[seat.seat]
        result = float(standings_of([each.place for each in match.seats])[seat.seat])
        if len(seat.actions):
            yield Episode(seat, info.policy, info.faction, info.place, result, match.name)


def write(folder: Path, dataset: str, game: Game, episodes: Iterator[Episode]) -> tuple[int, int]:
    """Write a dataset into a new folder; returns how many episodes and decisions it has."""
    library = minari()
    folder.mkdir(parents=True)
    from minari.dataset.minari_storage import MinariStorage

    spaces = observation_space(game.spec), action_space(game.spec)
    storage = MinariStorage.new(folder, *spaces, data_format="hdf5", jpeg_encoding=False)
    storage.update_metadata(
        {
            "dataset_id": dataset,
            "minari_version": library.__version__,
            "algorithm_name": "botgame",
            "description": f"matches of {game.name}, spec {game.spec.digest()}: each seat's view is an episode",
        }
    )
    count = steps = 0
    for episode in episodes:
        storage.update_episodes([_buffer(game, count, episode)])
        facts = episode.policy, episode.faction, episode.place, episode.match
        names = ("policy", "faction", "place", "match")
        storage.update_episode_metadata([dict(zip(names, facts, strict=True))], [count])
        count, steps = count + 1, steps + len(episode.seat.actions)
    return count, steps


def _buffer(game: Game, number: int, episode: Episode) -> Any:
    """An episode as Minari takes it."""
    from minari.data_collector import EpisodeBuffer

    seat, rows = episode.seat, len(episode.seat.actions)
    rewards = np.zeros(rows, np.float32)
    rewards[-1] = episode.result
    ends = np.arange(rows) == rows - 1
    seen = as_element(game.spec, seat.observation)
    return EpisodeBuffer(
        id=number,
        observations={name: np.concatenate([array, array[-1:]]) for name, array in seen.items()},
        actions=seat.actions,
        rewards=rewards,
        terminations=ends,
        truncations=np.zeros(rows, np.bool_),
        infos={"tick": np.append(seat.ticks, seat.ticks[-1])},
    )
