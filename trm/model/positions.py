"""Where a position is: rotary angles over the sequence or over the two axes of a grid, or learned vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.init import truncated_normal_

ROTARY_BASE = 10000.0

Rotary = tuple[Tensor, Tensor] | None
"""Cosines and sines ``[P+L, D/heads]`` of rotary positions, or None with other positions."""


def rotary_tables(config: TRMConfig, length: int) -> Rotary:
    """Cosines and sines ``[length, D/heads]`` of the rotary angles (arXiv:2104.09864), or None where there are none.

    `length` counts the prefix too, ``P+L``; a grid has its own.
    """
    head_dim = config.hidden_dim // config.num_heads
    if config.positions == "rope":
        angles = _angles(torch.arange(length, dtype=torch.float32), head_dim)
    elif config.positions == "rope2d":
        angles = _grid_angles(config, head_dim)
    else:
        return None
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def rotary_frequencies(config: TRMConfig) -> Tensor:
    """Radians per position of the pairs that turn with the sequence, or with one axis of the grid; empty without any."""
    parts = {"rope": 1, "rope2d": 2}.get(str(config.positions))
    return torch.empty(0) if parts is None else _frequencies(config.hidden_dim // config.num_heads // parts)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate x ``[B, heads, length, D/heads]`` by the tables ``[length, D/heads]``, half-rotation form."""
    first, second = x.chunk(2, dim=-1)
    return x * cos.to(x.dtype) + torch.cat([-second, first], dim=-1) * sin.to(x.dtype)


def _angles(positions: Tensor, dim: int) -> Tensor:
    """Angles ``[length, dim/2]``."""
    return torch.outer(positions, _frequencies(dim))


def _frequencies(dim: int) -> Tensor:
    """Radians per position of each pair of elements, ``[dim/2]``."""
    return 1 / ROTARY_BASE ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)


def _grid_angles(config: TRMConfig, head_dim: int) -> Tensor:
    """Half of the pairs turn with the row, half with the column; prefix tokens do not turn."""
    assert config.structure.grid is not None
    rows, columns = config.structure.grid
    row = torch.arange(rows, dtype=torch.float32).repeat_interleave(columns)
    column = torch.arange(columns, dtype=torch.float32).repeat(rows)
    angles = torch.cat([_angles(row, head_dim // 2), _angles(column, head_dim // 2)], dim=-1)
    return torch.cat([torch.zeros(config.prefix_length, head_dim // 2), angles])


class LearnedPositions(nn.Module):
    """One learned vector a position, prefix included."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config.prefix_length + config.context_length, config.hidden_dim))
        truncated_normal_(self.weight, std=config.hidden_dim**-0.5)

    def forward(self) -> Tensor:
        """``[P+L, D]``."""
        return self.weight


class GridPositions(nn.Module):
    """The sum of one learned vector for each group that a position belongs to: its row's, its column's, its box's."""

    groups: Tensor

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        relations = config.structure.relations.values()
        starts = [0]
        for groups in relations:
            starts.append(starts[-1] + max(groups) + 1)
        index = [[start + group for group in groups] for start, groups in zip(starts, relations, strict=False)]
        self.prefix = config.prefix_length
        self.register_buffer("groups", torch.tensor(index), persistent=False)  # [relations, L]
        self.weight = nn.Parameter(torch.empty(starts[-1], config.hidden_dim))
        truncated_normal_(self.weight, std=config.hidden_dim**-0.5)

    def forward(self) -> Tensor:
        """``[P+L, D]``, zero at the prefix."""
        places = self.weight[self.groups].sum(0)
        return torch.cat([places.new_zeros(self.prefix, places.shape[-1]), places])
