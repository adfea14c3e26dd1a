"""`Batch`: puzzles as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Batch:
    """Puzzles as long tensors.

    Attributes:
        inputs: tokens ``[B, L]``.
        labels: tokens ``[B, L]``, -100 at positions that are not scored.
        puzzle_ids: puzzle identifiers ``[B]``.
    """

    inputs: Tensor
    labels: Tensor
    puzzle_ids: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(self.inputs.to(device), self.labels.to(device), self.puzzle_ids.to(device))

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        return Batch(self.inputs[rows], self.labels[rows], self.puzzle_ids[rows])
