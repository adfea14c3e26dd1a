"""`Batch`: puzzles as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trm.config.columns import COUNTS
from trm.data.ranges import IGNORED
from trm.errors import UsageError


@dataclass
class Batch:
    """Puzzles as long tensors.

    Attributes:
        inputs: tokens ``[B, L]``, or rows ``[B, W]``; see `trm.data.PuzzleSet`.
        labels: tokens ``[B, L]``, -100 at positions that are not scored. A row with no scored position has an unknown
            answer: it counts in no metric.
        puzzle_ids: puzzle identifiers ``[B]``.

    Raises:
        UsageError: a shape or type is wrong. Ranges are checked by what takes the batch.
    """

    inputs: Tensor
    labels: Tensor
    puzzle_ids: Tensor

    def __post_init__(self) -> None:
        for name in ("inputs", "labels", "puzzle_ids"):
            values = getattr(self, name)
            if not isinstance(values, Tensor) or values.dtype != torch.long:
                found = values.dtype if isinstance(values, Tensor) else type(values).__name__
                raise UsageError(f"Batch.{name} must be a tensor of torch.int64, got {found}.")
        rows = self.inputs.shape[:1]
        if not self._fits() or self.labels.shape[:1] != rows or self.puzzle_ids.shape != rows:
            shapes = ", ".join(str(list(values.shape)) for values in (self.inputs, self.labels, self.puzzle_ids))
            raise UsageError(
                f"A Batch needs inputs [B, L], labels [B, L] and puzzle_ids [B], got tensors of shapes {shapes}."
            )

    def _fits(self) -> bool:
        """Whether there is a label for each token. A row with a structure of its own has at least its counts beside tokens."""
        if self.inputs.dim() != 2 or self.labels.dim() != 2:
            return False
        beside = self.inputs.shape[1] - self.labels.shape[1]
        return beside == 0 or beside >= len(COUNTS)

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(self.inputs.to(device), self.labels.to(device), self.puzzle_ids.to(device))

    def has_answer(self) -> Tensor:
        """Whether the answer of each puzzle is known, ``[B]``: at least one position is scored."""
        return (self.labels != IGNORED).any(dim=1)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Tensor | slice) -> Batch:
        return Batch(self.inputs[rows], self.labels[rows], self.puzzle_ids[rows])
