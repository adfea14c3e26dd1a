"""Puzzles of different sizes in one batch: those of about equal size are computed together, with little padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from trm.config import PuzzleStructure, TRMConfig
from trm.config.columns import Columns

LENGTHS = 4
"""How many lengths are distinguished: a quarter, half, three quarters and all of the most positions of a puzzle."""


class Part(NamedTuple):
    """Some rows of a batch, and the number of positions that they are computed at."""

    rows: Tensor
    length: int


def any_size(config: TRMConfig) -> bool:
    """Whether puzzles can be computed at as many positions as they need.

    Fixed relations, positions with vectors or angles of their own, and mixers with weights for each position need all
    positions.
    """
    structure, mixer = config.structure, config.mixer
    fixed = structure.relations or structure.neighbours or config.positions != "none"
    return structure.per_puzzle is not None and not fixed and (mixer.any_length or mixer.resizable)


def by_size(inputs: Tensor, length: int) -> list[Part]:
    """Divide rows ``[B, W]`` of at most `length` positions into parts of about equal size.

    On an accelerator, starting more kernels takes longer than computing padding, so all rows are one part.
    """
    quarter = -(-length // LENGTHS)
    needed = (-(-inputs[:, length] // quarter) * quarter).clamp(quarter, length)
    if inputs.device.type != "cpu":
        return [Part(torch.arange(len(inputs), device=inputs.device), int(needed.max()))]
    return [Part((needed == wanted).nonzero()[:, 0], wanted) for wanted in needed.unique().tolist()]


def shortened(inputs: Tensor, length: int, wanted: int, structure: PuzzleStructure) -> Tensor:
    """Rows of at most `length` positions ``[B, W]`` as rows of at most `wanted` positions, which their puzzles fit."""
    columns, numbers = Columns.of(length, structure), wanted * len(structure.position_numbers)
    positions = columns.position_numbers.start
    return torch.cat(
        [inputs[:, :wanted], inputs[:, length:positions], inputs[:, positions : positions + numbers]], dim=1
    )


def joined(parts: Sequence[Part], tensors: Sequence[Tensor], length: int = 0) -> Tensor:
    """The results of parts in the order of the batch.

    Args:
        parts: the parts.
        tensors: one for each part, ``[rows, ...]``.
        length: pad the second axis with zeros to this length. Default: there is no axis of positions.
    """
    if length:
        tensors = [F.pad(part, (*(0, 0) * (part.dim() - 2), 0, length - part.shape[1])) for part in tensors]
    return torch.cat(list(tensors))[torch.cat([part.rows for part in parts]).argsort()]
