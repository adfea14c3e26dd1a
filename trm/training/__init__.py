"""Training: the trainer, optimizers, schedules, EMA, checkpoints."""

from trm.training.interruption import Interrupted
from trm.training.trainer import Trainer

__all__ = ["Interrupted", "Trainer"]
