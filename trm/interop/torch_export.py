"""Writing a model as a `torch.export` program (`.pt2`), which runs without this package."""

from __future__ import annotations

from pathlib import Path

import torch

from trm.interop.fixed_steps import trace, write_in_place
from trm.model import TinyRecursiveModel


def export_torch(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> Path:
    """Write the model with a fixed number of supervision steps.

    ``torch.export.load(path).module()`` takes tokens ``[B, L]`` (and puzzle ids ``[B]``, where the model has vectors for
    them), int64, any B, and gives logits ``[B, L, V]`` and halting logits ``[B]``.

    Args:
        model: computed in fp32 on the CPU.
        path: the file, by custom ending in `.pt2`.
        steps: supervision steps; left out, the model's `n_supervision`.

    Raises:
        TRMError: this version of torch can't trace the model, or the file can't be written.
    """
    path = Path(path)
    program = trace(model, steps or model.config.n_supervision)
    write_in_place(path, lambda file: torch.export.save(program, file))
    return path
