"""The players of a league as weights and policies: learning ones in memory, frozen ones as files, bots by name.

Implements the `Store` of the league's rules. A frozen player is written once to `players/<id>.pt` before the commit
that mentions it; one that was frozen after the last commit is deleted on resume. Other files there are the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from botgame.errors import UserError
from botgame.game import Policy
from botgame.training.alphastar.checkpoint import Checkpoint, checkpoint_kind, load_checkpoint, save_checkpoint
from botgame.training.alphastar.league.player_cache import PlayerCache
from botgame.training.alphastar.network.network import Network
from botgame.training.alphastar.policy import NetworkPolicy
from botgame.training.league.files import KIND
from botgame.training.league.setting import LeagueSetting
from botgame.training.runs.origin import Origin, build_network

Weights = dict[str, torch.Tensor]


class Players:
    """Networks of learning players by name, and the policy of every player.

    `origin`: what every learning player starts from.
    """

    def __init__(self, setting: LeagueSetting, origin: Origin) -> None:
        self.game, self.folder, self.origin = setting.game, setting.paths.players, origin
        self.networks: dict[str, Network] = {}
        self.restarted: set[str] = set()  # learning players that were reset and need fresh matches
        self._config, self._device = setting.config, setting.device
        self._factions = setting.league.main_factions
        self._restart_from = next(iter(self._factions)) if setting.reset_from_main else ""
        self._cache: PlayerCache[Policy] = PlayerCache(self._load, setting.players_in_memory)
        self.read: Callable[[str], dict[str, Any]] = self.frozen  # where frozen players come from
        self._fixed = dict(setting.bots)  # bots, and learning players around their living networks

    def enter(self, name: str) -> Network:
        """Give learning player `name` a fresh network with the weights that it starts from, or starts anew from."""
        weights = self.origin.weights
        if self._restart_from and name in self.networks:
            weights = self.networks[self._restart_from].state_dict()
        network = build_network(self.game.spec, self.origin.network, weights, self.origin.source).to(self._device)
        self.networks[name] = network
        self._fixed[name] = self._around(network, name, self._factions.get(name, ""))
        return network

    def teacher(self, weights: Weights | None = None) -> Network:
        """A network with these weights that nobody trains; unless given, with the supervised ones."""
        chosen = self.origin.weights if weights is None else weights
        return build_network(self.game.spec, self.origin.network, chosen, self.origin.source)

    def freeze(self, player: str, frozen: str) -> None:
        """Write the present weights of `player` as `frozen`; before it has any, those that it starts from.

        Raises UserError where a file of that name lies already.
        """
        if self.path(frozen).exists():
            raise UserError(f"{self.path(frozen)} is in the way: no league wrote it; move it, then add --resume")
        network = self.networks.get(player)
        weights = self.origin.weights if network is None else network.state_dict()
        save_checkpoint(self.path(frozen), self.checkpoint(weights, {}, player))

    def reset(self, player: str) -> None:
        """Let `player` start anew; its seat makes fresh matches for it."""
        self.restarted.add(player)

    def path(self, name: str) -> Path:
        """The checkpoint of a player."""
        return self.folder / f"{name}.pt"

    def policy(self, name: str) -> Policy:
        """Who plays under this name now: a learning player with its present weights, a bot, or a frozen player."""
        return self._fixed[name] if name in self._fixed else self._cache.get(name)

    def is_network(self, name: str) -> bool:
        """Whether the player is a network, which acts the faster the more rows it is given at once."""
        return name in self.networks or name not in self._fixed

    def around(self, weights: Weights, name: str, player: str) -> Policy:
        """A policy with these weights, an earlier version of learning player `player`."""
        network = build_network(self.game.spec, self.origin.network, weights, name)
        return self._around(network, name, self._factions.get(player, ""))

    def checkpoint(self, weights: Weights, counters: dict[str, int], player: str) -> Checkpoint:
        """These weights of learning player `player` with everything that a checkpoint carries."""
        faction = self._factions.get(player, "")
        return Checkpoint(
            kind=KIND,
            game=self.game.name,
            spec=self.game.spec,
            network=self.origin.network,
            weights=weights,
            config=self._config.to_dict(),
            rules=self.origin.rules,
            lineage=self.origin.lineage,
            counters=counters,
            temperature=self._config.stored_temperature,
            conditioning=self.origin.conditioning,
            extra={"faction": faction} if faction else {},
        )

    def frozen(self, name: str) -> dict[str, Any]:
        """A frozen player as its file has it: `network` (its sizes), `weights`, `faction`. Raises UserError."""
        checkpoint = load_checkpoint(self.path(name), self.game)
        return {"network": checkpoint.network, "weights": checkpoint.weights, "faction": checkpoint.faction}

    def check_frozen(self, names: Iterable[str]) -> None:
        """Raise UserError when the file of one of these frozen players is missing."""
        for name in names:
            if not self.path(name).exists():
                raise UserError(f"{self.path(name)} is missing; put it back, or start another league without --resume")

    def forget(self, following: Iterable[str]) -> None:
        """Delete what was frozen after the last commit: of these next names of one player, those that have files.

        A file that no league wrote stays, and so does what follows it.
        """
        for path in map(self.path, following):
            if checkpoint_kind(path) != KIND:
                return
            path.unlink()

    def _load(self, name: str) -> Policy:
        found = self.read(name)
        network = build_network(self.game.spec, found["network"], found["weights"], str(self.path(name)))
        return self._around(network, name, found["faction"])

    def _around(self, network: Network, name: str, faction: str) -> NetworkPolicy:
        """Frozen players and evaluations act at the temperature that the files of the league carry."""
        policy = NetworkPolicy(network, name, str(self._device), self._config.stored_temperature)
        policy.faction = faction
        return policy
