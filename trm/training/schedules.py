"""The learning rate over a training: linear warm-up, then constant, or a decay towards the end."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch.optim import Optimizer

from trm.config import TrainingConfig


def learning_rate_factor(config: TrainingConfig, step: int, progress: float) -> float:
    """The share of the peak rate at `step` (counted from 1) when `progress` (0..1) of the training is done."""
    if step < config.warmup_steps:
        return step / config.warmup_steps
    if config.schedule == "constant":
        return 1.0
    span = 1 - config.decay_start
    decayed = min(max((progress - config.decay_start) / span, 0.0), 1.0) if span else float(progress >= 1)
    remaining = 1 - decayed if config.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * decayed))
    return config.min_lr_ratio + (1 - config.min_lr_ratio) * remaining


def set_learning_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Scale every parameter group's peak rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
