"""Reading safetensors files, and comparing their tensors with what a model expects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from trm.errors import CheckpointError, reason
from trm.storage.untrusted_input import check_file

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        check_file(path)
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {path.parent} is incomplete: {path.name} is missing.") from None
    except Exception as error:  # safetensors raises its own kinds of errors, Python's and torch's
        raise CheckpointError(f"{path} is damaged or not a safetensors file: {reason(error)}.") from error


def check_tensors(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], path: Path) -> None:
    """Check that there is a tensor of finite numbers and of the right shape for each planned weight, and no other.

    Raises:
        CheckpointError: a tensor is missing, unexpected, of another shape, or not finite.
    """
    for name, shape in planned.items():
        if name not in tensors:
            raise CheckpointError(f"{path} does not fit its configuration: {name} is missing.")
        value = tensors[name]
        if value.shape != shape:
            raise CheckpointError(
                f"{path} does not fit its configuration: {name} is {list(value.shape)}, expected {list(shape)}."
            )
        if value.dtype not in FLOATS or not bool(value.isfinite().all()):
            raise CheckpointError(f"{path} is damaged: {name} has values that are not finite numbers.")
    unknown = sorted(set(tensors) - set(planned))
    if unknown:
        raise CheckpointError(f"{path} does not fit its configuration: {unknown[0]} is unexpected.")
