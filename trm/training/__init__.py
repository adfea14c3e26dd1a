"""Training: the trainer, optimizers, schedules, EMA, checkpoints."""

from trm.training.signals import Interrupted
from trm.training.trainer import Trainer

__all__ = ["Interrupted", "Trainer"]
