"""Training: the trainer, and the parts of it that a task's own fine-tuning needs.

Names are imported on first use, so that solving a puzzle does not import the trainer.

`Trainer`: trains a model. `Interrupted`: raised when a signal stops it. `Monitor`: the protocol of an observer.
`Slots`: a batch of puzzles with their carried states. `SignSGD`: the optimizer of puzzle vectors. `Muon`: one for
matrices. `keep_freed_memory`: what makes a small network faster on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.devices.cpu import keep_freed_memory as keep_freed_memory
    from trm.training.interruption import Interrupted as Interrupted
    from trm.training.monitor import Monitor as Monitor
    from trm.training.optimizers import Muon as Muon
    from trm.training.optimizers import SignSGD as SignSGD
    from trm.training.slots import Halting as Halting
    from trm.training.slots import Slots as Slots
    from trm.training.trainer import Trainer as Trainer

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Halting": "trm.training.slots",
        "Interrupted": "trm.training.interruption",
        "Monitor": "trm.training.monitor",
        "Muon": "trm.training.optimizers",
        "SignSGD": "trm.training.optimizers",
        "Slots": "trm.training.slots",
        "Trainer": "trm.training.trainer",
        "keep_freed_memory": "trm.devices.cpu",
    },
)
