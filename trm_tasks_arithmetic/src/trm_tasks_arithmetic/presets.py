"""Presets of the arithmetic task. This module imports only `trm.specs`, `trm.presets` and the standard library."""

from __future__ import annotations

from typing import Any

from trm.presets import PAPER_MIXER, PAPER_MODEL, PAPER_SHARED_ID, PAPER_TRAINING
from trm.specs import PresetSpec

# Two layers that mix neighbouring places and numbers, with 30,000 weights in total. No weight depends on the number of
# digits.
RELATIONAL: dict[str, Any] = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_ratio": 3.0,
    "mlp_multiple_of": 32,
    "n_recursions": 2,
    "T_steps": 2,
    "n_supervision": 8,
    "loss": "softmax",
}
# Settings with which the paper's variants learn a sheet of 15 cells on a CPU: a narrower block, and more sums with fewer
# steps for each (see docs/explanation/recipes.md).
TOKENS: dict[str, Any] = {
    "hidden_dim": 64,
    "num_heads": 4,
    "mlp_multiple_of": 64,
    "n_recursions": 1,
    "T_steps": 1,
    "n_supervision": 4,
    "loss": "softmax",
}
TRAINING: dict[str, Any] = {
    "batch_size": 32,
    "optimizer": "adamw",
    "learning_rate": 4e-3,
    "weight_decay": 0.1,
    "warmup_steps": 100,
    "schedule": "linear",
    "decay_start": 0.5,
    "halt_when_right": 0.5,  # if higher, the answer drifts in the steps after it is found
    "ema_decay": 0.995,
    "log_interval": 50,
    "eval_interval": 250,
    "eval_examples": 256,
    "eval_batch_size": 256,
}

TOKENS_TRAINING: dict[str, Any] = {
    **TRAINING,
    "batch_size": 128,
    "learning_rate": 2e-3,
    "decay_start": 0.3,
    "max_steps": 1600,
    "eval_interval": 400,
}

PRESETS = (
    PresetSpec(
        name="quick",
        summary="sums of three-digit numbers, on a laptop CPU",
        task={"operation": "add", "digits": 3},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 2000},
        cost="36 s on one core",
        reaches="99.75 to 99.95 % exact on 2,000 unseen sums (three seeds)",
        weights="trm_tasks_arithmetic:weights/quick.safetensors",
    ),
    PresetSpec(
        name="subtraction",
        summary="differences of three-digit numbers, including negative ones",
        task={"operation": "subtract", "digits": 3},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 3000, "eval_interval": 500},
    ),
    PresetSpec(
        name="long",
        summary="sums of twelve-digit numbers",
        task={"operation": "add", "digits": 12},
        model=RELATIONAL,
        training={**TRAINING, "max_steps": 2000},
    ),
    PresetSpec(
        name="mixer",
        summary="sums of three-digit numbers with the paper's MLP block, hidden_dim 64",
        task={"operation": "add", "digits": 3},
        model={**TOKENS, "mixing": "mlp", "positions": "none"},
        training=TOKENS_TRAINING,
        cost="48 s on one core with bf16 support",
        reaches="99.0 to 100 % exact on 200 unseen sums (three seeds)",
    ),
    PresetSpec(
        name="attention",
        summary="sums of three-digit numbers with the paper's attention block, hidden_dim 64",
        task={"operation": "add", "digits": 3},
        model={**TOKENS, "mixing": "attention", "positions": "rope"},
        training=TOKENS_TRAINING,
        cost="84 s on one core with bf16 support",
        reaches="90.0 to 100 % exact on 200 unseen sums (three seeds)",
    ),
    PresetSpec(
        name="paper",
        summary="sums of three-digit numbers with the paper's Sudoku settings, for a GPU (the paper has no arithmetic task)",
        task={"operation": "add", "digits": 3},
        model={**PAPER_MODEL, **PAPER_MIXER},
        training={**PAPER_TRAINING, **PAPER_SHARED_ID, "max_steps": 65_000},
    ),
)
