"""From tokens to vectors and back: the input embedding, the puzzle vectors, and the two heads."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.init import Linear, truncated_normal_
from trm.model.links import NumberEmbedding, OwnStructure
from trm.model.positions import GridPositions, LearnedPositions

HALF_POWER = 0.70710678
HALT_BIAS = -5.0


class PuzzleEmbedding(nn.Module):
    """One vector per puzzle id, initially zero.

    Attributes:
        sparse_gradient: whether the gradient is a sparse tensor with only the rows of the batch, which `SignSGD` needs
            and torch's dense optimizers, such as AdamW, refuse. `trm.Trainer` sets it. Default: False.
    """

    def __init__(self, num_puzzles: int, width: int) -> None:
        super().__init__()
        self.sparse_gradient = False
        self.weight = nn.Parameter(torch.zeros(num_puzzles, width))

    def forward(self, puzzle_ids: Tensor) -> Tensor:
        """puzzle_ids ``[B]`` -> ``[B, width]``."""
        return F.embedding(puzzle_ids, self.weight, sparse=self.sparse_gradient)


class InputEmbedding(nn.Module):
    """Tokens, prefix and positions to ``x``: ``[B, P+L, D]``, or ``[B, L, S, D]`` with one vector per symbol."""

    role: Tensor

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.scale = math.sqrt(dim)
        self.prefix_length = config.prefix_length
        self.per_symbol = config.per_symbol
        rows = config.vocab_size
        if self.per_symbol:
            self.register_buffer("role", symbol_roles(config), persistent=False)
            rows = len(other_tokens(config)) + 2
        self.tokens = nn.Parameter(torch.empty(rows, dim))
        truncated_normal_(self.tokens, std=dim**-0.5)
        self.positions: LearnedPositions | GridPositions | None = None
        if config.positions in ("learned", "grid"):
            self.positions = LearnedPositions(config) if config.positions == "learned" else GridPositions(config)
        self.puzzles = PuzzleEmbedding(config.num_puzzles, config.puzzle_width) if config.num_puzzles else None
        own = config.structure.per_puzzle
        has_numbers = own is not None and (own.position_numbers or own.edge_numbers or own.group_numbers)
        self.numbers = NumberEmbedding(config) if has_numbers else None

    def forward(self, inputs: Tensor, puzzle_ids: Tensor | None, own: OwnStructure | None = None) -> Tensor:
        """inputs ``[B, L]`` long, puzzle_ids ``[B]`` long, and the structure of each puzzle's own where there is one."""
        index = self.role[inputs] if self.per_symbol else inputs
        x = F.embedding(index, self.tokens)
        if self.numbers is not None and own is not None:
            numbers = self.numbers(own)
            x = x + (numbers.unsqueeze(2) if self.per_symbol else numbers)
        if self.puzzles is not None:
            if puzzle_ids is None:
                puzzle_ids = inputs.new_zeros(len(inputs))
            x = self._with_puzzle(x, self.puzzles(puzzle_ids))
        if self.positions is not None:
            places = self.positions()
            x = HALF_POWER * (x + (places[:, None] if self.per_symbol else places))
        return self.scale * x

    def _with_puzzle(self, x: Tensor, vector: Tensor) -> Tensor:
        """Prepend the puzzle's vector as P zero-padded tokens. Without prefix tokens, add it at every position.

        A vector of S x D holds one part for each symbol, so that a puzzle can treat its symbols differently.
        """
        dim = x.shape[-1]
        if self.prefix_length:
            padded = F.pad(vector, (0, self.prefix_length * dim - vector.shape[-1]))
            return torch.cat([padded.view(-1, self.prefix_length, dim), x], dim=1)
        if vector.shape[-1] > dim:
            return x + vector.view(-1, 1, *x.shape[2:])
        return x + vector.view(-1, *(1,) * (x.dim() - 2), dim)


def symbol_roles(config: TRMConfig) -> Tensor:
    """The index of the vector for each token and symbol, ``[V, S]``.

    A token that is not a symbol has a vector of its own. A symbol has "this symbol" or "another symbol".
    """
    symbols, others = config.structure.interchangeable, other_tokens(config)
    this, another = len(others), len(others) + 1
    role = torch.full((config.vocab_size, len(symbols)), another)
    role[others] = torch.arange(len(others))[:, None]
    role[symbols, torch.arange(len(symbols))] = this
    return role


def other_tokens(config: TRMConfig) -> list[int]:
    """The tokens that are not symbols."""
    symbols = set(config.structure.interchangeable)
    return [token for token in range(config.vocab_size) if token not in symbols]


class TokenHead(nn.Module):
    """Logits of every token, from the state of each position but the prefix."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.prefix_length = config.prefix_length
        self.linear = Linear(config.hidden_dim, config.vocab_size)

    def forward(self, y: Tensor) -> Tensor:
        """y ``[B, P+L, D]`` -> ``[B, L, V]``."""
        return self.linear(y)[:, self.prefix_length :]


class SymbolHead(nn.Module):
    """One logit per position and symbol. Logits of tokens that are not symbols use the mean over the symbols."""

    order: Tensor

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        symbols = config.structure.interchangeable
        others = other_tokens(config)
        self.symbol = Linear(config.hidden_dim, 1)
        self.other = Linear(config.hidden_dim, len(others))
        self.register_buffer("order", torch.tensor([*symbols, *others]).argsort(), persistent=False)

    def forward(self, y: Tensor) -> Tensor:
        """y ``[B, L, S, D]`` -> ``[B, L, V]``."""
        logits = torch.cat([self.symbol(y).squeeze(-1), self.other(y.mean(dim=2))], dim=-1)
        return logits[..., self.order]


class HaltHead(nn.Module):
    """Two logits per puzzle. TRM halts if the first is positive, HRM if the first is greater than the second."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.from_mean = config.mixer.mean_halting or config.structure.per_puzzle is not None
        self.linear = Linear(config.hidden_dim, 2, bias=True)
        nn.init.zeros_(self.linear.weight)
        nn.init.constant_(self.linear.bias, HALT_BIAS)

    def forward(self, y: Tensor, real: Tensor | None = None) -> Tensor:
        """y ``[B, P+L, D]`` or ``[B, L, S, D]`` -> ``[B, 2]`` in fp32. A mean is over the real positions ``[B, L]``."""
        summary = self._mean(y, real) if self.from_mean else y[:, 0]
        return self.linear(summary).float()

    @staticmethod
    def _mean(y: Tensor, real: Tensor | None) -> Tensor:
        if real is None:
            return y.flatten(1, -2).mean(1)
        by_position = y.flatten(2, -2).mean(2) if y.dim() == 4 else y
        prefix = y.shape[1] - real.shape[1]
        weights = F.pad(real, (prefix, 0), value=True).to(y.dtype).unsqueeze(-1)
        return (by_position * weights).sum(1) / weights.sum(1)
