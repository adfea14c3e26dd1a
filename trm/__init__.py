"""Tiny Recursive Models: networks of a few million parameters that solve a puzzle by refining an answer.

Names are imported on first use, so that ``import trm`` does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.config import PuzzleStructure as PuzzleStructure
    from trm.config import RunConfig as RunConfig
    from trm.config import Structure as Structure
    from trm.config import TrainingConfig as TrainingConfig
    from trm.config import TRMConfig as TRMConfig
    from trm.devices import Backend as Backend
    from trm.experiment.api import resume as resume
    from trm.experiment.api import train as train
    from trm.experiment.solver import Solver as Solver
    from trm.experiment.solver import load as load
    from trm.experiment.sweeping.sweep import sweep as sweep
    from trm.experiment.task import Task as Task
    from trm.model import Mixer as Mixer
    from trm.model import TinyRecursiveModel as TinyRecursiveModel
    from trm.plugins.registering import include as include
    from trm.plugins.registering import register as register
    from trm.training import Trainer as Trainer

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Backend": "trm.devices",
        "Mixer": "trm.model",
        "PuzzleStructure": "trm.config",
        "RunConfig": "trm.config",
        "Solver": "trm.experiment.solver",
        "Structure": "trm.config",
        "TRMConfig": "trm.config",
        "Task": "trm.experiment.task",
        "TinyRecursiveModel": "trm.model",
        "Trainer": "trm.training",
        "TrainingConfig": "trm.config",
        "include": "trm.plugins.registering",
        "load": "trm.experiment.solver",
        "register": "trm.plugins.registering",
        "resume": "trm.experiment.api",
        "sweep": "trm.experiment.sweeping.sweep",
        "train": "trm.experiment.api",
    },
)
