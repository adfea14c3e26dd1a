"""Write checkpoints in the format of the paper's code and of HRM's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from trm.config import TrainingConfig
from trm.errors import cannot_write
from trm.interop.official.architecture import from_config
from trm.interop.official.names import official_name
from trm.interop.official.reading import CONFIG_FILE, EXTRA_SECTION
from trm.model import TinyRecursiveModel
from trm.presets import PAPER_TRAINING
from trm.storage.atomic import write_bytes
from trm.storage.yaml_text import yaml_text

PREFIX = "_orig_mod.model.inner."
"""Prefix of every name: the paper's training saves the compiled loss head, and its evaluation expects this prefix."""


def save_checkpoint(
    model: TinyRecursiveModel, directory: str | Path, step: int, training: TrainingConfig | None = None
) -> Path:
    """Write `step_N` and `all_config.yaml` as the paper's code does.

    Args:
        model: The model. Its weights are written as they are; to write averaged weights, load the run first.
        directory: The folder; created if it does not exist.
        step: The number N in `step_N`.
        training: Training settings for `all_config.yaml` (default: the paper's).

    Returns:
        The file `step_N`.

    Raises:
        UsageError: If the paper's code has no such model.
        TRMError: If the files cannot be written.
    """
    directory = Path(directory)
    settings = yaml_text(all_config(model, training))
    content = io.BytesIO()
    tensors = {PREFIX + official_name(name): value.detach().cpu().clone() for name, value in model.state_dict().items()}
    torch.save(tensors, content)
    target = directory / f"step_{step}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_bytes(target, content.getvalue())
        write_bytes(directory / CONFIG_FILE, settings.encode())
    except OSError as error:
        raise cannot_write(directory, error) from error
    return target


def all_config(model: TinyRecursiveModel, training: TrainingConfig | None = None) -> dict[str, Any]:
    """The complete configuration, with the names of the paper's code and every setting it requires.

    `data_paths` is empty. The sizes that the paper's code reads from the dataset are in a section of ours, which it ignores.
    """
    config = model.config
    training = training or TrainingConfig.model_validate({**PAPER_TRAINING, "num_epochs": 1})
    return {
        "arch": from_config(config) | {"halt_exploration_prob": training.halt_exploration},
        "data_paths": [],
        "global_batch_size": training.batch_size,
        "epochs": training.num_epochs or 1,
        "lr": training.learning_rate,
        "lr_min_ratio": 1.0 if training.schedule == "constant" else training.min_lr_ratio,
        "lr_warmup_steps": training.warmup_steps,
        "weight_decay": training.weight_decay,
        "beta1": training.betas[0],
        "beta2": training.betas[1],
        "puzzle_emb_lr": training.puzzle_learning_rate,
        "puzzle_emb_weight_decay": training.puzzle_weight_decay,
        "ema": training.use_ema,
        "ema_rate": training.ema_decay,
        "seed": 0,
        EXTRA_SECTION: {
            "vocab_size": config.vocab_size,
            "context_length": config.context_length,
            "num_puzzle_identifiers": config.num_puzzles,
        },
    }
