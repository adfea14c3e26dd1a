"""Reading safetensors files, and comparing their tensors with what a model expects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from trm.errors import CheckpointError, reason
from trm.storage.text_files import HEAD, kind_of
from trm.storage.untrusted_input import check_file

LISTED = 100
"""Number of tensors of each kind that a message names."""

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
        raise not_safetensors(path, error) from error


def not_safetensors(path: Path, error: BaseException) -> CheckpointError:
    """The error for a file that safetensors cannot read, which says what it is if its first bytes show that."""
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD))
    except OSError:
        kind = None
    if kind is None:
        return CheckpointError(f"{path} is damaged or not a safetensors file: {reason(error)}.")
    advice = " Import it with `trm import-checkpoint`." if "PyTorch" in kind else ""
    return CheckpointError(f"{path} is {kind}, not a safetensors file.{advice}")


def check_tensors(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], path: Path) -> None:
    """Check that there is a tensor of finite numbers and of the right shape for each planned weight, and no other.

    Raises:
        CheckpointError: tensors are missing, unexpected, of another shape (all are listed), or not finite.
    """
    problem = misfits(planned, tensors)
    if problem is not None:
        raise CheckpointError(f"{path} does not fit its configuration: {problem}.")
    for name in planned:
        value = tensors[name]
        if value.dtype not in FLOATS:
            raise CheckpointError(
                f"{path} is damaged: {name} has values of type {value.dtype}, not floating-point numbers."
            )
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{path} is damaged: {name} has values that are not finite numbers.")


def misfits(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], listed: int = LISTED) -> str | None:
    """All missing, unexpected and misshapen tensors, the first `listed` of each kind by name; None if there are none."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    misshapen = [
        f"{name} is {list(shapes[name])} instead of {list(shape)}"
        for name, shape in planned.items()
        if name in shapes and shapes[name] != shape
    ]
    kinds = {
        "missing": [name for name in planned if name not in shapes],
        "unexpected": sorted(set(shapes) - set(planned)),
        "of another shape": misshapen,
    }
    found = [f"{_tensors(len(names))} {kind}: {_first(names, listed)}" for kind, names in kinds.items() if names]
    return "; ".join(found) or None


def _tensors(count: int) -> str:
    return "1 tensor is" if count == 1 else f"{count} tensors are"


def _first(names: list[str], listed: int) -> str:
    more = len(names) - listed
    return ", ".join(names[:listed]) + (f" and {more} more" if more > 0 else "")
