"""Presets of the maze task. This module imports only `trm.specs`, `trm.presets` and the standard library."""

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

# A cell receives only its four neighbours, so long paths need more cycles than Sudoku, and ties between paths more width.
MODEL: dict[str, Any] = {
    **RELATIONAL_MODEL,
    "activation": "swiglu",
    "hidden_dim": 64,
    "T_steps": 4,
    "neighbour_pooling": "max",
    "halt_loss_weight": 0.02,  # nearly all cells are right early on, so the answer loss is small
}
TRAINING: dict[str, Any] = {
    **RELATIONAL_TRAINING,
    "batch_size": 16,
    "optimizer": "muon",
    "muon_learning_rate": 5e-3,
    "learning_rate": 3e-3,
    "decay_start": 0.0,
    "halt_exploration": 1.0,  # solved mazes stay for some steps; otherwise answers change back
    "halt_when_right": 0.3,
}
HARD = PresetSpec(
    name="hard",
    summary="30x30 like Maze-Hard",
    # Mazes like those of Maze-Hard; see `trm_tasks_maze.generator.MazeStyle.hard`.
    task={
        "size": 30,
        "min_walls": 0.32,
        "max_walls": 0.43,
        "min_path": 109,
        "train_puzzles": 12_000,
        "test_puzzles": 1000,
    },
    model={**MODEL, "T_steps": 6},
    training={
        **TRAINING,
        "batch_size": 8,
        "muon_learning_rate": 4e-3,
        "learning_rate": 2e-3,
        "max_steps": 20_000,
        "eval_interval": 2000,
        "save_interval": 250,
        "eval_examples": 64,
    },
    cost="67 min on one core with bf16 support, after 4 min for quick",
    reaches="90.9 % exact on 1,000 unseen mazes; 91.2 % of 1,000 of Maze-Hard (seed 0)",
    weights="trm_tasks_maze:weights/hard.safetensors",
    starts_from="quick",
)

PRESETS = (
    PresetSpec(
        name="quick",
        summary="10x10, on a laptop CPU",
        task={"size": 10, "min_path": 12, "train_puzzles": 20_000, "test_puzzles": 1000},
        model=MODEL,
        training={**TRAINING, "max_steps": 6000, "eval_interval": 2000, "eval_examples": 128},
        cost="4 min on one core with bf16 support",
        reaches="96.6 to 97.7 % exact, 97.4 to 98.5 % valid and shortest, on 1,000 unseen mazes (three seeds)",
        weights="trm_tasks_maze:weights/quick.safetensors",
        benchmark=True,
    ),
    PresetSpec(
        name="medium",
        summary="15x15",
        task={"size": 15, "min_walls": 0.3, "max_walls": 0.43, "min_path": 30, "test_puzzles": 1000},
        model={**MODEL, "n_supervision": 12},
        training={**TRAINING, "max_steps": 6000, "eval_interval": 1500, "eval_examples": 128},
        starts_from="quick",
    ),
    HARD,
    PresetSpec(
        name="grid",
        summary="10x10, given row and column numbers in place of neighbours",
        task={"size": 10, "min_path": 12, "train_puzzles": 20_000, "test_puzzles": 1000},
        # That a maze obeys the same rules everywhere is assumed: scores depend on differences of the numbers.
        model={**MODEL, "mixing": "grid", "num_heads": 8, "mixing_options": {"numbers": "differences"}},
        training={**TRAINING, "max_steps": 4000, "eval_interval": 2000, "eval_examples": 128},
        cost="6 min of CPU time on one core with bf16 support",
        reaches="94.7 and 96.4 % exact, 95.8 and 97.2 % valid and shortest, on 1,000 unseen mazes (two seeds; ships the first)",
        weights="trm_tasks_maze:weights/grid.safetensors",
    ),
    PresetSpec(
        name="paper",
        summary="the published settings for Maze-Hard, with attention, for GPUs",
        task={"size": 30},
        model={**PAPER_MODEL, **PAPER_FOUR_RECURSIONS},
        training={**PAPER_TRAINING, **PAPER_SHARED_ID, "num_epochs": 50_000},
        dataset="maze-hard",
        cost="less than 24 h on 4 L40S",
        reaches="85.3 % exact on Maze-Hard",
        source=PAPER_SOURCE,
    ),
)
