"""Building a model from a configuration and tensors, which are compared before any memory is allocated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from trm.config import TRMConfig
from trm.errors import CheckpointError, reason
from trm.model import TinyRecursiveModel
from trm.runs.tensors import check_tensors

MOST_TABLES = 2**27
"""Maximum bytes of the tables that a model keeps outside its weights: angles, groups, symbols."""


def planned_shapes(config: TRMConfig, source: Path) -> dict[str, torch.Size]:
    """The names and shapes of a configuration's weights, without allocating memory for large ones.

    Raises:
        CheckpointError: such a model cannot be built, or its tables would take more than `MOST_TABLES` bytes.
    """
    model = _planned(config, source)
    weights = model.state_dict()
    tables = sum(buffer.nbytes for name, buffer in model.named_buffers() if name not in weights)
    if tables > MOST_TABLES:
        raise CheckpointError(
            f"{source}: a model with this configuration needs {tables / 2**30:.1f} GiB beside its weights, which is more than "
            f"the limit of {MOST_TABLES / 2**30:.3g} GiB."
        )
    return {name: value.shape for name, value in weights.items()}


def _planned(config: TRMConfig, source: Path) -> TinyRecursiveModel:
    """A model on the meta device, or a real one if it is small: torch's first use of the meta device takes a second."""
    try:
        with torch.device("cpu" if _is_ordinary(config) else "meta"):
            return TinyRecursiveModel(config)
    except (RuntimeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{source}: cannot build a model with this configuration: {reason(error)}.") from error


def _is_ordinary(config: TRMConfig) -> bool:
    """Whether a model takes at most some hundred megabytes, however its settings are combined."""
    structure = config.structure
    return (
        max(config.hidden_dim, config.mlp_multiple_of) <= 512
        and config.context_length + config.puzzle_tokens <= 1024
        and max(config.num_layers, config.num_layers_high or 0) <= 4
        and config.vocab_size <= 1024
        and config.mlp_ratio <= 4
        and config.num_puzzles * config.puzzle_width <= 2**22
        and len(structure.relations) <= 4
        and len(structure.neighbours) <= 16
    )


def build_model(config: TRMConfig, tensors: Mapping[str, Tensor], path: Path) -> TinyRecursiveModel:
    """Build a model with the given weights.

    Raises:
        CheckpointError: the weights do not fit the configuration.
    """
    check_tensors(planned_shapes(config, path), tensors, path)
    model = TinyRecursiveModel(config)
    model.load_state_dict(tensors)
    return model


def load_tensors(model: TinyRecursiveModel, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a model.

    Raises:
        CheckpointError: a tensor is missing, unexpected, of another shape, or not finite.
    """
    check_tensors({name: value.shape for name, value in model.state_dict().items()}, tensors, path)
    model.load_state_dict(tensors)
