"""Tiny Recursive Models: networks of a few million parameters that solve a puzzle by refining an answer.

The public names are resolved when they are first used (PEP 562), so that ``import trm`` imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm.config import RunConfig, Structure, TrainingConfig, TRMConfig
    from trm.devices import Backend
    from trm.model import TinyRecursiveModel
    from trm.training import Trainer

__version__ = "0.1.0"

_LAZY = {
    "Backend": "trm.devices",
    "RunConfig": "trm.config",
    "Structure": "trm.config",
    "TRMConfig": "trm.config",
    "TinyRecursiveModel": "trm.model",
    "Trainer": "trm.training",
    "TrainingConfig": "trm.config",
}

__all__ = [
    "Backend",
    "RunConfig",
    "Structure",
    "TRMConfig",
    "TinyRecursiveModel",
    "Trainer",
    "TrainingConfig",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'trm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
