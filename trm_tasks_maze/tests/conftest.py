"""What the maze tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_mazes() -> Path:
    """The folder of Maze-Hard's training half in array form; tests that need it are skipped where it is absent."""
    checkout = Path(__file__).resolve().parents[2]
    shared = Path(os.environ.get("TRM_SHARED", checkout.parent / "shared"))
    folder = shared / "data" / "maze-30x30-hard-1k" / "train"
    if not folder.is_dir():
        pytest.skip(f"the real mazes are not at {folder}; set TRM_SHARED to the folder that holds data/")
    return folder
