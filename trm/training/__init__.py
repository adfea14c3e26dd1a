"""Training: the trainer, and the parts of it that a task's own fine-tuning needs.

`Trainer`: trains a model. `Interrupted`: raised when a signal stops it. `Monitor`: the protocol of an observer.
`Slots`: a batch of puzzles with their carried states. `SignSGD`: the optimizer of puzzle vectors.
"""

from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor
from trm.training.optimizers import SignSGD
from trm.training.slots import Halting, Slots
from trm.training.trainer import Trainer

__all__ = ["Halting", "Interrupted", "Monitor", "SignSGD", "Slots", "Trainer"]
