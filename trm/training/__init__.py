"""Training: the trainer, optimizers, schedules, EMA, checkpoints."""

from trm.training.trainer import Interrupted, Trainer

__all__ = ["Interrupted", "Trainer"]
