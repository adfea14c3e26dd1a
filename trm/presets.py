"""Settings that the presets of several tasks share.

The `PAPER_*` values are the published settings of TRM (arXiv:2510.04871 and its code). The `RELATIONAL_*` values are those
of the small relational networks that learn on a CPU. All are values for fields of `trm.TRMConfig` and
`trm.TrainingConfig`; a task combines them with its own::

    PresetSpec(
        name="paper",
        summary="the published settings",
        model={**PAPER_MODEL, **PAPER_MIXER},
        training={**PAPER_TRAINING, **PAPER_SHARED_ID, "num_epochs": 50_000},
        cost="< 36 h on an L40S",
        reaches="87.4 % exact",
        source=PAPER_SOURCE,
    )

This module imports the standard library only, so a plugin's module can import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAPER_SOURCE = "figures of arXiv:2510.04871, not measured here"
"""The `PresetSpec.source` of presets whose cost and accuracy are the paper's."""

PAPER_MODEL: Mapping[str, Any] = {
    "architecture": "trm",
    "hidden_dim": 512,
    "num_layers": 2,
    "num_heads": 8,
    "n_recursions": 6,
    "T_steps": 3,
    "n_supervision": 16,
    "mixing": "attention",
    "positions": "rope",
    "mlp_ratio": 4.0,
    "mlp_multiple_of": 256,
    "dropout": 0.0,
    "puzzle_dim": 512,
    "puzzle_tokens": 16,
    "loss": "stablemax",
}
"""The network with attention. The data decides the number of puzzle vectors."""

PAPER_MIXER: Mapping[str, Any] = {"mixing": "mlp", "positions": "none"}
"""Changes for the variant with an MLP over the positions."""

PAPER_FOUR_RECURSIONS: Mapping[str, Any] = {"n_recursions": 4}
"""The number of recursions in the published code for longer sequences. The paper's text has 6 for all tasks."""

PAPER_TRAINING: Mapping[str, Any] = {
    "batch_size": 768,
    "refill": "discard",
    "stagger": False,
    "halt_exploration": 0.1,
    "halt_when_right": 0.0,
    "optimizer": "adam_atan2",
    "learning_rate": 1e-4,
    "betas": (0.9, 0.95),
    "weight_decay": 0.1,
    "puzzle_learning_rate": 1e-2,
    "puzzle_weight_decay": 0.1,
    "warmup_steps": 2000,
    "schedule": "constant",
    "grad_clip": None,
    "use_ema": True,
    "ema_decay": 0.999,
    "ema_warmup": False,
}
"""The training settings. The weight decays and the puzzle learning rate are those for data with one identifier per puzzle.
A task adds `num_epochs`."""

PAPER_SHARED_ID: Mapping[str, Any] = {
    "weight_decay": 1.0,
    "puzzle_learning_rate": 1e-4,
    "puzzle_weight_decay": 1.0,
}
"""Changes for data whose puzzles share one identifier."""

RELATIONAL_MODEL: Mapping[str, Any] = {
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
"""A network that learns on a CPU: two layers, 20,000 parameters in total."""

RELATIONAL_TRAINING: Mapping[str, Any] = {
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
    "eval_answer": "surest",
    "log_interval": 50,
    "eval_examples": 256,
    "eval_batch_size": 16,
}
"""Training settings for that network: those that learned Sudoku fastest (`docs/explanation/recipes.md`). A task adds
`max_steps`."""
