"""What an imitation run is made from: the one description that `alphastar_imitation` hands to the run."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from botgame.training.alphastar.imitation.cloning import CloningConfig
from botgame.training.imitation.start import Start


@dataclass(frozen=True)
class ImitationSetting:
    """One run of imitation.

    epochs, winner_epochs: passes over all chosen seats, then over those that won, with `winner_lr`. batch_size:
    decisions of an update, in windows of `window`. capacity: decisions held in memory. temperature: at which the result
    is sampled when it plays. given: how often each block of a seat's condition is given to the network, by block.
    eval_every: epochs between evaluations (0: at the end), of eval_matches; final_matches: of the last one. save_every:
    updates between commits. keep: periodic checkpoints that stay, 0 for all. start: the checkpoint that is fine-tuned,
    None for a fresh network of size `preset`. person: the only one that is imitated, "" for no such choice.
    """

    preset: str
    cloning: CloningConfig
    epochs: int
    winner_epochs: int
    winner_lr: float
    batch_size: int
    window: int
    capacity: int
    temperature: float
    given: dict[str, float]
    eval_every: int
    eval_matches: int
    final_matches: int
    save_every: int
    keep: int
    start: Start | None = None
    person: str = ""
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
