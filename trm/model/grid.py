"""Grid mixing: attention over the positions of a grid that is given each position's row and column number only.

The task's relations and neighbours are not read. Which positions attend to which is learned from the puzzles.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.init import Linear, truncated_normal_

SHARPNESS = 8.0
"""Scores are this times a weight, so that some hundred steps of an optimizer can make attention pick out a few positions."""


class GridOptions(BaseModel):
    """Settings of grid mixing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: Literal["pairs", "differences"] = Field(
        "pairs",
        description="what has a learned score: each pair of row numbers and of column numbers, or each difference of them, "
        "which suits tasks that look the same everywhere on the grid",
    )
    reach: int = Field(
        16, description="numbers=differences: the greatest difference with a score of its own", ge=1, le=1024
    )
    content: bool = Field(False, description="let attention depend on the states, too, by queries and keys (slower)")


class GridMix(nn.Module):
    """``mix(x) = W_o attention(x) + W_s mean_symbols(x)``, with multi-head attention from position i to position j by
    ``softmax_j(row score(r_i, r_j) + column score(c_i, c_j))``.

    The scores are learned, in each head for itself. Since they are a sum over the two axes, the attention is a product:
    over the rows of the grid, then over its columns. That takes L (rows + columns) multiplications instead of L^2. A head
    can learn "my row", "my column", "my box" or "the cell on the left" exactly.

    With `content`, the usual product of queries and keys is added to the scores, and the attention takes L^2.

    The state is ``[B, L, D]``, or ``[B, L, S, D]`` with one vector per position and interchangeable symbol. With symbols,
    attention connects equal symbols, with the same weights for each, and the mean over the symbols connects different ones.

    Args:
        config: D, the number of heads, and the structure, of which the grid's size and the interchangeable tokens are read.
        options: its settings.
    """

    def __init__(self, config: TRMConfig, options: GridOptions) -> None:
        super().__init__()
        assert config.structure.grid is not None
        dim = config.hidden_dim
        self.grid, self.heads = config.structure.grid, config.num_heads
        self.rows = AxisScores(self.heads, self.grid[0], options)
        self.columns = AxisScores(self.heads, self.grid[1], options)
        self.query_key = Linear(dim, 2 * dim) if options.content else None
        self.value = Linear(dim, dim)
        self.out = Linear(dim, dim)
        self.symbols = Linear(dim, dim) if config.per_symbol else None

    def forward(self, x: Tensor) -> Tensor:
        """x ``[B, L, D]`` or ``[B, L, S, D]`` -> the same shape."""
        mixed = self.out(self._attended(x))
        return mixed if self.symbols is None else mixed + self.symbols(x.mean(dim=2, keepdim=True))

    def messages(self, x: Tensor) -> dict[str, Tensor]:
        """The part of the output that comes from each head, and from the other symbols; see `trm.Mixer`."""
        heads = zip(self._attended(x).chunk(self.heads, -1), self.out.weight.chunk(self.heads, 1), strict=True)
        parts = {f"head {number}": F.linear(mixed, weight) for number, (mixed, weight) in enumerate(heads)}
        if self.symbols is not None:
            parts["symbols"] = self.symbols(x.mean(dim=2, keepdim=True)).expand_as(x)
        return parts

    def attention_weights(self, x: Tensor) -> Tensor:
        """The share of each position in what each other one receives, ``[B, heads, L, L]``; their mean over symbols."""
        if self.query_key is None:
            return self._scores().softmax(-1).expand(len(x), -1, -1, -1)
        query, key, _ = self._projected(x, self.query_key)
        shares = (query @ key.mT / math.sqrt(query.shape[-1]) + self._scores()).softmax(-1)
        return shares.unflatten(0, (len(x), -1)).mean(1)

    def _attended(self, x: Tensor) -> Tensor:
        return self._by_position(x) if self.query_key is None else self._by_content(x, self.query_key)

    def _by_position(self, x: Tensor) -> Tensor:
        """Attention that depends on positions alone: over rows, then over columns, for all symbols at once."""
        rows, columns = self.grid
        value = self.value(x).unflatten(-1, (self.heads, -1)).movedim(-2, 1)  # [B, heads, L, (S,) D/heads]
        across = self.rows().softmax(-1).to(value.dtype), self.columns().softmax(-1).to(value.dtype)
        planes = value.flatten(3).unflatten(2, (rows, columns))  # [B, heads, rows, columns, (S) D/heads]
        over_rows = (across[0] @ planes.flatten(3)).view_as(planes)
        mixed = (across[1][:, None] @ over_rows).view_as(value)
        return mixed.movedim(1, -2).flatten(-2)

    def _by_content(self, x: Tensor, query_key: nn.Module) -> Tensor:
        """Attention by queries and keys, with the position's scores added. Symbols are rows of the batch."""
        query, key, value = self._projected(x, query_key)
        mixed = F.scaled_dot_product_attention(query, key, value, self._scores().to(value.dtype))
        mixed = mixed.transpose(1, 2).flatten(2)
        return mixed if x.dim() == 3 else mixed.unflatten(0, (len(x), -1)).transpose(1, 2)

    def _projected(self, x: Tensor, query_key: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each ``[B (S), heads, L, D/heads]``."""
        states = x if x.dim() == 3 else x.transpose(1, 2).flatten(0, 1)  # [B (S), L, D]
        projected = torch.cat([query_key(states), self.value(states)], dim=-1)
        query, key, value = projected.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return query, key, value

    def _scores(self) -> Tensor:
        """The learned scores of each position for each other, ``[heads, L, L]``."""
        scores = self.rows()[:, :, None, :, None] + self.columns()[:, None, :, None, :]
        return scores.flatten(3, 4).flatten(1, 2)


class AxisScores(nn.Module):
    """Learned scores ``[heads, N, N]`` of the numbers 0 to N - 1 of an axis, for each other."""

    index: Tensor

    def __init__(self, heads: int, count: int, options: GridOptions) -> None:
        super().__init__()
        number = torch.arange(count)
        if options.numbers == "pairs":
            self.weight = nn.Parameter(torch.empty(heads, count, count))
        else:
            self.weight = nn.Parameter(torch.empty(heads, 2 * options.reach + 1))
        difference = (number - number[:, None]).clamp(-options.reach, options.reach) + options.reach
        self.register_buffer("index", difference if options.numbers == "differences" else None, persistent=False)
        truncated_normal_(self.weight, std=1 / SHARPNESS)

    def forward(self) -> Tensor:
        """``[heads, N, N]``: from the first number to the second."""
        return SHARPNESS * (self.weight if self.index is None else self.weight[:, self.index])
