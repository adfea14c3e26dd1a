"""The presets of the Sudoku task. Only `trm.specs` and the standard library are imported here."""

from __future__ import annotations

from typing import Any

from trm.specs import PresetSpec

# The network that learns on a CPU: a state per cell and digit, two layers of 20,000 weights in all.
RELATIONAL: dict[str, Any] = {
    "mixing": "relational",
    "activation": "relu",
    "hidden_dim": 32,
    "mlp_ratio": 3.0,
    "mlp_multiple_of": 32,
    "n_recursions": 2,
    "T_steps": 2,
    "n_supervision": 8,
    "loss": "softmax",
}
TRAINING: dict[str, Any] = {
    "batch_size": 8,
    "optimizer": "adamw",
    "learning_rate": 4e-3,
    "weight_decay": 0.1,
    "warmup_steps": 100,
    "schedule": "linear",
    "decay_start": 0.6,
    "grad_clip": 1.0,
    "halt_exploration": 0.1,
    "halt_when_right": 0.9,
    "n_supervision_eval": 16,
    "log_interval": 50,
    "eval_examples": 256,
}

PRESETS = (
    PresetSpec(
        name="quick",
        summary="9x9 of at most 32 clues, on a laptop CPU",
        task={"size": 9, "clues": 32, "train_puzzles": 20_000, "test_puzzles": 1000},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 4000, "eval_interval": 500},
    ),
    PresetSpec(
        name="mini",
        summary="4x4, about a minute",
        task={"size": 4, "clues": 6, "train_puzzles": 2000, "test_puzzles": 1000},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 400, "eval_interval": 100},
    ),
    PresetSpec(
        name="six",
        summary="6x6",
        task={"size": 6, "clues": 14, "train_puzzles": 10_000, "test_puzzles": 1000},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 1500, "eval_interval": 300},
    ),
)
