"""A trained bot from an `.onnx` file (`botgame export`): plays like its checkpoint, without torch and faster alone.

Everything that is needed lies in the file: one decision step as a graph, and as metadata the spec it was made for, the
rule numbers it was trained under and the temperature at which it is sampled. Computes on the CPU in one thread, so
that many bots share a server's cores fairly; `threads` may raise that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from botgame.errors import UserError
from botgame.game import Game, Observation
from botgame.json_reading import parsed
from botgame.onnx_session import OUTPUTS, DecisionSession
from botgame.rng import uniforms
from botgame.seals import SealError, check_seal
from botgame.spec import Spec
from botgame.spec_columns import Positions, difference, positions, select

FORMAT = "botgame-onnx-1"
_ADVICE = "make it with: botgame export CHECKPOINT -o model.onnx"


class OnnxPolicy:
    """The policy of an exported file, named by its path. Raises UserError for what is no such file.

    game: its name. spec: what it observes and decides. rules: the rule numbers it was trained under. temperature: of
    sampling, may be set.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self.name = str(path)
        session = _session(Path(path), threads)
        metadata = session.metadata
        if metadata.get("format") != FORMAT:
            raise UserError(f"{path}: not a botgame model: its format is not {FORMAT}; {_ADVICE}")
        try:
            self.game = metadata["game"]
            self.spec = Spec.from_dict(parsed(metadata["spec"]))
            self.rules: dict[str, Any] = parsed(metadata["rules"])
            self.faction = metadata.get("faction", "")  # the only one that it was trained in, if there is just one
            self.action_cap = int(metadata.get("action_cap", 0))
            self.reaction_ticks = int(metadata.get("reaction_ticks", 0))
            self.temperature = float(metadata["temperature"])
            self.shapes = session.shapes
            self.memory_size = int(self.shapes["memory"][0])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise UserError(f"{path}: the model is damaged ({error}); {_ADVICE}") from error
        self._session = session
        self._expected = self.shapes  # of one row of each array of an observation
        self._positions: Positions = {}  # where the model's columns are in it; {}: as in the model's spec

    def feed_by_name(self, spec: Spec) -> None:
        """Take the model's columns out of observations of `spec` from now on. Raises UserError when one is missing."""
        if spec.digest() == self.spec.digest():
            return
        reason = difference(self.spec, spec)
        if reason:
            raise UserError(f"{self.name}: made for another version of game {spec.name}: {reason}; export it again")
        observed = {name: array.shape for name, array in spec.arrays.items() if name in self.shapes}
        self._expected = {**self.shapes, **observed}
        self._positions = positions(self.spec, spec)

    def initial_memory(self, n: int) -> np.ndarray:
        """Memory of `n` seats at the start of an episode: float32 [n, memory_size]."""
        return np.zeros((n, self.memory_size), np.float32)

    def act(self, observation: Observation, memory: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One decision a row: memory float32 [n, M], keys uint64 [n] -> actions int64 [n, H], memory [n, M]."""
        actions, memory = self._run(OUTPUTS[:2], observation, memory, keys)
        return actions, memory

    def act_full(
        self, observation: Observation, memory: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `act`, and the log-probabilities float32 [n, L] of all heads."""
        actions, memory, log_probs = self._run(OUTPUTS, observation, memory, keys)
        return actions, memory, log_probs

    def _run(
        self, outputs: Sequence[str], observation: Observation, memory: np.ndarray, keys: np.ndarray
    ) -> list[np.ndarray]:
        if self.temperature <= 0:
            raise UserError(f"temperature is {self.temperature}, expected a positive number; use 0.01 to act greedily")
        for name in self._session.observed:
            self._check(name, observation)
        observed = select({name: observation[name] for name in self._session.observed}, self._positions)
        random = uniforms(keys, len(self.spec.heads))
        found = self._session.run(outputs, observed, memory, random, self.temperature)
        self._check_possible(found[0])
        return found

    def _check_possible(self, actions: np.ndarray) -> None:
        """Raise UserError for a row that the model could not decide; it marks a head without legal category by -1."""
        for row, head in np.argwhere(actions < 0)[:1]:
            raise UserError(
                f"{self.name}: row {row} of the observation has no legal category for head "
                f"`{self.spec.heads[head].name}`; the game must allow at least one in every head"
            )

    def _check(self, name: str, observation: Observation) -> None:
        found = observation[name].shape[1:] if name in observation else None
        if found != self._expected[name]:
            raise UserError(
                f"{self.name}: observation `{name}` has row shape {found}, expected {self._expected[name]} "
                f"({self.spec.name} version {self.spec.version}); use a model trained for this game"
            )


def load_model(game: Game, path: str) -> OnnxPolicy:
    """The exported policy of `game` at `path`, fed by name if the game's spec has grown since (`spec_columns`).

    Raises UserError when it is of another game or does not fit the game's spec.
    """
    policy = OnnxPolicy(path)
    if policy.game != game.name:
        raise UserError(
            f"{path}: a bot of game {policy.game!r}, this is game {game.name!r}; choose its game with --game"
        )
    policy.feed_by_name(game.spec)
    return policy


def _session(path: Path, threads: int) -> DecisionSession:
    """An inference session. Raises UserError in one line for a file that cannot be run."""
    if not path.exists():
        raise UserError(f"{path}: no such model; {_ADVICE}, or give the path of one that exists")
    if path.is_dir():
        raise UserError(f"{path}: is a folder, expected a model file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the model is empty (0 bytes); {_ADVICE}")
    try:
        with path.open("rb") as file:  # opened once: an export may replace it meanwhile
            check_seal(file)
            return DecisionSession(file.read(), threads)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except SealError as error:
        raise UserError(f"{path}: not a whole botgame model: {error}; {_ADVICE}") from error
    except Exception as error:  # the runtime raises many kinds for a damaged file; each means the same to the user
        raise UserError(f"{path}: not a botgame model: it is cut short or no ONNX file; {_ADVICE}") from error
