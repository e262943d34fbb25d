"""PPO in one file: a learner of your own on our batch of matches, in plain PyTorch.

    pip install -e ".[gymnasium,train]"
    python examples/ppo_loop.py --opponent random --decisions 200000

It prints the mean return of the matches that ended in each round. What is special about the arena: some categories are
illegal and are masked, an action has six heads, and a decision lasts 2 to 20 ticks, so rewards are discounted by time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor, nn
from torch.nn.functional import log_softmax

import botgame.envs  # noqa: F401  (registers the environments)
from botgame import cli
from botgame.envs.flat import flat

ARRAYS = ("scalars", "vectors", "entities")  # of the observation, side by side
ILLEGAL = -1e9  # logit of a category that is not legal


@dataclass(frozen=True)
class Settings:
    """matches: at once; steps: decisions of each in a round; minibatch: decisions; discount: for each tick."""

    matches: int = 128
    steps: int = 32
    passes: int = 3
    minibatch: int = 1024
    rate: float = 5e-4
    discount: float = 0.9997
    trace: float = 0.95  # lambda of the advantages
    clip: float = 0.2
    entropy: float = 0.003
    width: int = 128


class Round(NamedTuple):
    """What a round collects, T steps of B matches; `values` [T + 1, B] has those of the state after the last step."""

    seen: Tensor  # float32 [T, B, D]
    legal: Tensor  # bool [T, B, all heads]
    actions: Tensor  # int64 [T, B, H]
    log_probs: Tensor  # [T, B]
    values: Tensor
    rewards: Tensor  # [T, B]
    discounts: Tensor  # [T, B], 0 where a match ended


class Agent(nn.Module):
    """Two hidden layers, then a logit for each category of each head, and the value. heads: their sizes."""

    def __init__(self, inputs: int, heads: list[int], width: int) -> None:
        super().__init__()
        self.heads = heads
        self.policy = nn.Sequential(*_hidden(inputs, width), _layer(width, sum(heads), 0.01))
        self.value = nn.Sequential(*_hidden(inputs, width), _layer(width, 1, 1.0))

    def forward(self, seen: Tensor, legal: Tensor) -> tuple[list[Tensor], Tensor]:
        """Log-probabilities [..., n] of each head, and values [...]."""
        logits = torch.where(legal, self.policy(seen), ILLEGAL)
        return [log_softmax(part, -1) for part in logits.split(self.heads, -1)], self.value(seen).squeeze(-1)

    @torch.no_grad()
    def act(self, seen: Tensor, legal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sampled actions int64 [B, H], their log-probabilities [B], and values [B]."""
        log_probs, values = self(seen, legal)
        actions = torch.cat([torch.multinomial(head.exp(), 1) for head in log_probs], -1)
        return actions, chosen(log_probs, actions), values


def _layer(inputs: int, outputs: int, gain: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def _hidden(inputs: int, width: int) -> list[nn.Module]:
    return [_layer(inputs, width, 2**0.5), nn.Tanh(), _layer(width, width, 2**0.5), nn.Tanh()]


def chosen(log_probs: list[Tensor], actions: Tensor) -> Tensor:
    """Log-probabilities of whole actions, summed over their heads: [..., H] -> [...]."""
    picked = [head.gather(-1, actions[..., [number]]) for number, head in enumerate(log_probs)]
    return torch.cat(picked, -1).sum(-1)


def tensors(observation: dict[str, np.ndarray]) -> tuple[Tensor, Tensor]:
    """What the agent reads of a batch: float32 [B, D], and the legal categories bool [B, all heads]."""
    return torch.from_numpy(flat(observation, ARRAYS, leading=1)), torch.from_numpy(observation["legal"]).bool()


def collect(envs: VectorEnv[Any, Any, Any], agent: Agent, observation: Any, settings: Settings) -> tuple[Round, Any]:
    """Play one round; returns it and the observation after it.

    A match that is over is followed by the next one in the same step, so there is nothing to reset.
    """
    rows = []
    for _ in range(settings.steps):
        seen, legal = tensors(observation)
        actions, log_probs, values = agent.act(seen, legal)
        observation, rewards, over, _, info = envs.step(actions.numpy())
        discounts = np.where(over, 0.0, settings.discount ** info["ticks"]).astype(np.float32)
        paid, kept = torch.from_numpy(rewards), torch.from_numpy(discounts)
        rows.append(Round(seen, legal, actions, log_probs, values, paid, kept))
    last = agent.act(*tensors(observation))[2]
    played = Round(*map(torch.stack, zip(*rows, strict=True)))
    return played._replace(values=torch.cat([played.values, last[None]])), observation


def advantages(played: Round, trace: float) -> Tensor:
    """Generalised advantage estimates [T, B]."""
    out = torch.zeros_like(played.rewards)
    after = torch.zeros_like(out[0])
    for step in reversed(range(len(out))):
        discount = played.discounts[step]
        error = played.rewards[step] + discount * played.values[step + 1] - played.values[step]
        after = error + discount * trace * after
        out[step] = after
    return out


def loss(agent: Agent, part: Round, gains: Tensor, returns: Tensor, settings: Settings) -> Tensor:
    """PPO's clipped objective, half the squared error of the values, and the entropy of all heads."""
    log_probs, values = agent(part.seen, part.legal)
    ratios = (chosen(log_probs, part.actions) - part.log_probs).exp()
    gains = (gains - gains.mean()) / (gains.std() + 1e-8)
    policy = torch.min(ratios * gains, ratios.clamp(1 - settings.clip, 1 + settings.clip) * gains).mean()
    entropy = -torch.stack([(head.exp() * head).sum(-1) for head in log_probs]).sum(0).mean()
    return -policy + 0.5 * (values - returns).square().mean() - settings.entropy * entropy


def update(agent: Agent, optimiser: torch.optim.Optimizer, played: Round, settings: Settings) -> None:
    """Some passes over the round in minibatches."""
    gains = advantages(played, settings.trace)
    returns = (gains + played.values[:-1]).flatten()
    flattened = Round(*(part.flatten(0, 1) for part in played._replace(values=played.values[:-1])))
    for _ in range(settings.passes):
        for rows in torch.randperm(len(returns)).split(settings.minibatch):
            part = Round(*(column[rows] for column in flattened))
            optimiser.zero_grad()
            loss(agent, part, gains.flatten()[rows], returns[rows], settings).backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimiser.step()


def train(envs: VectorEnv[Any, Any, Any], settings: Settings, seed: int = 0) -> Iterator[tuple[int, Agent, float]]:
    """Learn without end; yields decisions so far, the agent, and the mean return of the round's matches (or NaN)."""
    torch.manual_seed(seed)
    observation, _ = envs.reset(seed=seed)
    heads = envs.single_action_space.nvec.tolist()
    agent = Agent(tensors(observation)[0].shape[1], heads, settings.width)
    optimiser = torch.optim.Adam(agent.parameters(), settings.rate, eps=1e-5)
    decisions, running, ended = 0, np.zeros(envs.num_envs), list[float]()
    while True:
        played, observation = collect(envs, agent, observation, settings)
        update(agent, optimiser, played, settings)
        decisions += played.rewards.numel()
        for rewards, discounts in zip(played.rewards.numpy(), played.discounts.numpy(), strict=True):
            running += rewards
            ended += running[discounts == 0].tolist()
            running[discounts == 0] = 0
        yield decisions, agent, float(np.mean(ended)) if ended else float("nan")
        ended.clear()


@cli.command  # what its user can put right is one line
def main(argv: Sequence[str] | None = None) -> int:
    """Learn, and print a line for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opponent", default="random")
    parser.add_argument("--decisions", type=cli.positive_int, default=200_000)
    parser.add_argument("--matches", type=cli.positive_int, default=Settings.matches)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    envs = gymnasium.make_vec("botgame/Duel-v0", options.matches, opponent=options.opponent)
    for decisions, _, mean in train(envs, Settings(matches=options.matches)):
        result = "no match has ended in this round" if np.isnan(mean) else f"mean return {mean:+.2f}"
        print(f"{decisions:,} decisions: {result}")
        if decisions >= options.decisions:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
