"""The presets of the maze task. Only `trm` and the standard library are imported here."""

from __future__ import annotations

from typing import Any

from trm.presets import (
    PAPER_FOUR_RECURSIONS,
    PAPER_MODEL,
    PAPER_SHARED_ID,
    PAPER_SOURCE,
    PAPER_TRAINING,
    RELATIONAL_MODEL,
    RELATIONAL_TRAINING,
)
from trm.specs import PresetSpec

# Each cell hears its four neighbours, so long paths want more cycles than Sudoku does.
MODEL: dict[str, Any] = {**RELATIONAL_MODEL, "T_steps": 4}
TRAINING: dict[str, Any] = {**RELATIONAL_TRAINING, "learning_rate": 2e-3}
HARD: dict[str, Any] = {"size": 30, "min_walls": 0.32, "max_walls": 0.43, "min_path": 109}
"""Mazes like those of Maze-Hard; see `trm_tasks_maze.generator.MazeStyle.hard`."""

PRESETS = (
    PresetSpec(
        name="quick",
        summary="10x10, on a laptop CPU",
        task={"size": 10, "min_path": 12, "train_puzzles": 20_000, "test_puzzles": 1000},
        model=MODEL,
        training={
            **TRAINING,
            "learning_rate": 2.5e-3,
            "decay_start": 0.3,
            "halt_exploration": 1.0,  # solved mazes stay for some steps, or else answers change back
            "halt_when_right": 0.3,
            "max_steps": 14_000,
            "eval_interval": 4000,
            "eval_examples": 128,
        },
        cost="5 min of one core",
        reaches="86.4 % valid and shortest, 84.8 % exact, on 1,000 unseen mazes (seed 0)",
        weights="trm_tasks_maze:weights/quick.safetensors",
    ),
    PresetSpec(
        name="medium",
        summary="15x15, from the weights of quick: --init",
        task={"size": 15, "min_walls": 0.3, "max_walls": 0.43, "min_path": 30, "test_puzzles": 1000},
        model={**MODEL, "n_supervision": 12},
        training={**TRAINING, "learning_rate": 1e-3, "max_steps": 15_000, "eval_interval": 1500},
    ),
    PresetSpec(
        name="hard",
        summary="30x30 like Maze-Hard, from the weights of medium: --init",
        task={**HARD, "train_puzzles": 5000, "test_puzzles": 1000},
        model={**MODEL, "n_supervision": 16},
        training={
            **TRAINING,
            "learning_rate": 1e-3,
            "max_steps": 40_000,
            "decay_start": 0.5,
            "n_supervision_eval": 24,
            "eval_interval": 2000,
            "eval_examples": 64,
        },
    ),
    PresetSpec(
        name="paper",
        summary="the published setting on Maze-Hard, with attention; for GPUs",
        task={"size": 30},
        model={**PAPER_MODEL, **PAPER_FOUR_RECURSIONS},
        training={**PAPER_TRAINING, **PAPER_SHARED_ID, "num_epochs": 50_000},
        dataset="maze-hard",
        cost="less than 24 h on 4 L40S",
        reaches="85.3 % exact on Maze-Hard",
        source=PAPER_SOURCE,
    ),
)
