"""Presets of the Sudoku task. This module imports only `trm.specs`, `trm.presets` and the standard library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trm.presets import (
    PAPER_MIXER,
    PAPER_MODEL,
    PAPER_SHARED_ID,
    PAPER_SOURCE,
    PAPER_TRAINING,
    RELATIONAL_MODEL,
    RELATIONAL_TRAINING,
)
from trm.specs import PresetSpec

# The paper prepares 1,000 symmetric images of each of 1,000 puzzles; here the augmentation draws a new image each time.
PAPER_DATA: dict[str, Any] = {"size": 9, "train_puzzles": 1000}
PAPER_SCHEDULE: dict[str, Any] = {**PAPER_TRAINING, **PAPER_SHARED_ID, "num_epochs": 50_000}

PAPER = PresetSpec(
    name="paper",
    summary="the published settings, with an MLP over the cells, for a GPU",
    task=PAPER_DATA,
    model={**PAPER_MODEL, **PAPER_MIXER},
    training=PAPER_SCHEDULE,
    dataset="extreme",
    cost="< 36 h on an L40S",
    reaches="87.4 % exact on Sudoku-Extreme",
    source=PAPER_SOURCE,
    benchmark=True,
)

HARD_1 = PresetSpec(
    name="hard-1",
    summary="first stage of hard, with a higher learning rate",
    task={"size": 9, "style": "hard", "train_puzzles": 12_000, "test_puzzles": 1000},
    model={
        **RELATIONAL_MODEL,
        "activation": "swiglu",
        "hidden_dim": 64,
        "n_recursions": 3,
        "n_supervision": 16,
    },
    training={
        **RELATIONAL_TRAINING,
        "batch_size": 16,
        "optimizer": "muon",
        "muon_learning_rate": 5e-3,
        "learning_rate": 2e-3,
        "warmup_steps": 200,
        "decay_start": 0.4,
        "state_noise": 0.5,
        "max_steps": 24_000,
        "eval_interval": 2000,
        "save_interval": 500,
        "eval_examples": 128,
    },
    cost="78 min on one core with bf16 support, plus 50 min to generate the puzzles",
    reaches="93.6 % exact on 1,000 unseen puzzles (seed 0)",
)

# Once most puzzles are solved, the halting loss dominates the answer loss unless its weight is lower.
MODEL: dict[str, Any] = {**RELATIONAL_MODEL, "halt_loss_weight": 0.1}

# What belongs to a row, column or box is learned: attention is given row and column numbers only.
GRID_MODEL: dict[str, Any] = {**MODEL, "mixing": "grid", "num_heads": 4, "activation": "swiglu", "hidden_dim": 64}

PRESETS = (
    PresetSpec(
        name="quick",
        summary="9x9 with at most 32 clues, on a laptop CPU",
        task={"size": 9, "clues": 32, "train_puzzles": 20_000, "test_puzzles": 1000},
        model=MODEL,
        training={**RELATIONAL_TRAINING, "max_steps": 4000, "eval_interval": 500},
        cost="2 to 3 min on one core with bf16 support",
        reaches="99.1 to 99.7 % exact on 1,000 unseen puzzles (three seeds)",
        weights="trm_tasks_sudoku:weights/quick.safetensors",
        benchmark=True,
    ),
    PresetSpec(
        name="mini",
        summary="4x4, about a minute",
        task={"size": 4, "clues": 6, "train_puzzles": 2000, "test_puzzles": 1000},
        model=MODEL,
        training={**RELATIONAL_TRAINING, "max_steps": 400, "eval_interval": 100},
        cost="30 s on a busy core",
        reaches="100 % exact on 1,000 test puzzles (seed 0), of which 998 have the answer of a training puzzle",
    ),
    PresetSpec(
        name="six",
        summary="6x6",
        task={"size": 6, "clues": 14, "train_puzzles": 10_000, "test_puzzles": 1000},
        model=MODEL,
        training={**RELATIONAL_TRAINING, "max_steps": 1500, "eval_interval": 300},
        cost="0.7 min on one core with bf16 support",
        reaches="100 % exact on 1,000 unseen puzzles (seed 0)",
    ),
    PresetSpec(
        name="hard",
        summary="9x9, minimal and hard puzzles, for hours of training",
        task=HARD_1.task,
        model=HARD_1.model,
        training={
            **HARD_1.training,
            "muon_learning_rate": 1.5e-3,
            "learning_rate": 6e-4,
            "warmup_steps": 100,
            "decay_start": 0.0,
            "n_supervision": 32,  # more steps for difficult puzzles
            "max_steps": 22_000,
        },
        cost="73 min on one core with bf16 support, after 128 min for hard-1",
        reaches="96.8 % exact on 1,000 unseen puzzles (seed 0), 99.9 % with 16 restarts of 64 steps and --check",
        weights="trm_tasks_sudoku:weights/hard.safetensors",
        starts_from="hard-1",
    ),
    HARD_1,
    PresetSpec(
        name="sixteen",
        summary="16x16 with at most 128 clues",
        task={"size": 16, "train_puzzles": 2000, "test_puzzles": 200},
        model=HARD_1.model,
        training={
            **HARD_1.training,
            "batch_size": 8,
            "muon_learning_rate": 3e-3,
            "learning_rate": 1e-3,
            "warmup_steps": 100,
            "decay_start": 0.0,
            "max_steps": 1600,
            "eval_interval": 400,
            "eval_examples": 50,
        },
        cost="15 min on one core with bf16 support, after hard or with --init sudoku:hard",
        reaches="100 % exact on 200 unseen puzzles (seed 0), compared with 0 % for sudoku:hard itself",
        starts_from="hard",
    ),
    PresetSpec(
        name="grid",
        summary="9x9 with at most 32 clues, given row and column numbers only",
        task={"size": 9, "clues": 32, "train_puzzles": 20_000, "test_puzzles": 1000},
        model=GRID_MODEL,
        training={
            **RELATIONAL_TRAINING,
            "optimizer": "muon",
            "muon_learning_rate": 5e-3,
            "learning_rate": 2e-3,
            "decay_start": 0.4,
            "max_steps": 2000,
            "eval_interval": 1000,
            "save_interval": 250,
            "eval_examples": 128,
        },
        cost="6 min of CPU time on one core with bf16 support",
        reaches="99.9 % exact on 1,000 unseen puzzles (two seeds)",
        weights="trm_tasks_sudoku:weights/grid.safetensors",
    ),
    PresetSpec(
        name="grid-hard",
        summary="9x9, minimal and hard puzzles, given row and column numbers only",
        task=HARD_1.task,
        model={**GRID_MODEL, "n_recursions": 3, "n_supervision": 16, "halt_loss_weight": 0.5},
        training={**HARD_1.training, "decay_start": 0.2},
        starts_from="grid",
    ),
    PAPER,
    replace(PAPER, name="extreme", summary="same as paper, under the name of its dataset", benchmark=False),
    PresetSpec(
        name="paper-attention",
        summary="the published settings, with attention, for a GPU",
        task=PAPER_DATA,
        model=PAPER_MODEL,
        training=PAPER_SCHEDULE,
        dataset="extreme",
        cost="< 36 h on an L40S",
        reaches="74.7 % exact on Sudoku-Extreme",
        source=PAPER_SOURCE,
    ),
)
