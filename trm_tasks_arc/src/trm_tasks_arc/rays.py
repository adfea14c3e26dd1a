"""Cumulative maxima along the eight directions of a grid."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Rows and columns that one step moves."""

ROWS, COLUMNS = -3, -2


def rays(values: Tensor) -> Tensor:
    """For each cell and direction, the maximum of what comes from there: all cells before it on the ray, itself excluded.

    Args:
        values: ``[..., H, W, channels]``, not negative: 0 stands for "nothing there".

    Returns:
        ``[..., H, W, 8 * channels]``, the channels of each direction of `DIRECTIONS` in turn.
    """
    # Three runs over mirrored copies cover all directions: small grids cost what the number of operations costs.
    upside_down, leftwards = values.flip(ROWS), values.flip(COLUMNS)
    copies = torch.stack([values, upside_down, leftwards, upside_down.flip(COLUMNS)])
    down, up = _Ray.apply(copies[:2], 1, 0)
    right, left = _Ray.apply(copies[::2], 0, 1)
    down_right, up_right, down_left, up_left = _Ray.apply(copies, 1, 1)
    found = [down, up.flip(ROWS), right, left.flip(COLUMNS)]
    found += [down_right, down_left.flip(COLUMNS), up_right.flip(ROWS), up_left.flip(ROWS, COLUMNS)]
    return torch.cat(found, -1)


def _step(rows: int, columns: int, values: Tensor) -> tuple[Any, Any]:
    """The cells that receive, and those that send, when all move by `rows` and `columns`."""
    height, width = values.shape[ROWS:-1]
    receivers = (..., slice(rows, None), slice(columns, None), slice(None))
    senders = (..., slice(max(0, height - rows)), slice(max(0, width - columns)), slice(None))
    return receivers, senders


class _Ray(torch.autograd.Function):
    """The reach of a maximum doubles at every stage, and gradients go back the way it came. PyTorch's own cumulative maximum
    knows no diagonals, and `torch.maximum` under autograd takes longer."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, down: int, right: int) -> Tensor:
        maximum = torch.zeros_like(values)
        receivers, senders = _step(down, right, values)
        maximum[receivers] = values[senders]
        reach = min(side for side, step in zip(values.shape[ROWS:-1], (down, right), strict=True) if step)
        length, stages = 1, []
        while length < reach:
            receivers, senders = _step(down * length, right * length, values)
            before, after = maximum[senders], maximum[receivers]
            stages.append((length, before > after))
            maximum[receivers] = torch.maximum(before, after)
            length *= 2
        ctx.stages, ctx.down, ctx.right = stages, down, right
        return maximum

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradients[0].clone()
        for length, from_sender in reversed(ctx.stages):
            receivers, senders = _step(ctx.down * length, ctx.right * length, gradient)
            moved = gradient[receivers] * from_sender
            gradient[receivers] -= moved
            gradient[senders] += moved
        result = torch.zeros_like(gradient)
        receivers, senders = _step(ctx.down, ctx.right, gradient)
        result[senders] = gradient[receivers]
        return result, None, None
