"""Fixtures of the maze tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_mazes() -> Path:
    """The folder with the training split of Maze-Hard as arrays. Tests that need it are skipped if it is missing."""
    checkout = Path(__file__).resolve().parents[2]
    shared = Path(os.environ.get("TRM_SHARED", checkout.parent / "shared"))
    folder = shared / "data" / "maze-30x30-hard-1k" / "train"
    if not folder.is_dir():
        pytest.skip(f"the real mazes are not at {folder}; set TRM_SHARED to the folder that holds data/")
    return folder
