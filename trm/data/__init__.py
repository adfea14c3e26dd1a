"""Puzzles: custom data sets, the puzzle-set container, sampling, and the layout on disk."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm.data.augmentation import Augmentation
    from trm.data.dataset import BaseDataset
    from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet

_LAZY = {
    "IGNORED": "trm.data.puzzle_set",
    "Augmentation": "trm.data.augmentation",
    "BaseDataset": "trm.data.dataset",
    "Description": "trm.data.puzzle_set",
    "IntArray": "trm.data.puzzle_set",
    "PuzzleSet": "trm.data.puzzle_set",
}

__all__ = ["IGNORED", "Augmentation", "BaseDataset", "Description", "IntArray", "PuzzleSet"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'trm.data' has no attribute {name!r}")
