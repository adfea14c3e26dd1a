"""Export to a `torch.export` program (`.pt2`), which runs without this package."""

from __future__ import annotations

from pathlib import Path

import torch

from trm.interop.fixed_steps import trace, write_in_place
from trm.model import TinyRecursiveModel


def export_torch(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> Path:
    """Write a model as a `torch.export` program, with a fixed number of supervision steps.

    ``torch.export.load(path).module()`` takes int64 tokens ``[B, L]`` and, if the model has puzzle vectors, puzzle ids
    ``[B]``, for any B. It returns logits ``[B, L, V]`` and halting logits ``[B]``.

    Args:
        model: The model; it is exported in fp32 on the CPU.
        path: The file to write, usually ending in `.pt2`.
        steps: Number of supervision steps (default: the model's `n_supervision`).

    Returns:
        The path.

    Raises:
        TRMError: If this version of torch cannot trace the model, or the file cannot be written.
    """
    path = Path(path)
    program = trace(model, steps or model.config.n_supervision)
    write_in_place(path, lambda file: torch.export.save(program, file))
    return path
