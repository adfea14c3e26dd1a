"""Tiny Recursive Models: networks of a few million parameters that solve a puzzle by refining an answer.

The public names are resolved when they are first used (PEP 562), so that ``import trm`` does not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm.config import RunConfig, Structure, TrainingConfig, TRMConfig
    from trm.devices import Backend
    from trm.experiment.api import train
    from trm.experiment.solver import Solver, load
    from trm.model import Mixer, TinyRecursiveModel
    from trm.training import Trainer

__version__ = "0.1.0"

_LAZY = {
    "Backend": "trm.devices",
    "Mixer": "trm.model",
    "RunConfig": "trm.config",
    "Solver": "trm.experiment.solver",
    "Structure": "trm.config",
    "TRMConfig": "trm.config",
    "TinyRecursiveModel": "trm.model",
    "Trainer": "trm.training",
    "TrainingConfig": "trm.config",
    "load": "trm.experiment.solver",
    "train": "trm.experiment.api",
}

__all__ = [
    "Backend",
    "Mixer",
    "RunConfig",
    "Solver",
    "Structure",
    "TRMConfig",
    "TinyRecursiveModel",
    "Trainer",
    "TrainingConfig",
    "__version__",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'trm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
