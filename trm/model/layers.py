"""The layer of the network: mixing over positions, then a SwiGLU over the width, both post-norm (paper, section 4)."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.context import Context
from trm.model.init import Linear
from trm.model.links import Links
from trm.model.mixer import build_mixer
from trm.model.positions import Rotary, rotate

RMS_EPS = 1e-5


def rms_norm(x: Tensor) -> Tensor:
    """Root-mean-square norm over the last axis, without a gain, computed in fp32 and returned in x's type."""
    if x.dtype == torch.float32 and x.is_contiguous():
        return F.rms_norm(x, x.shape[-1:], eps=RMS_EPS)
    # `F.rms_norm` copies a transposed input, which changes the summation order of the next matrix product and with it
    # the rounding; results would no longer be bitwise those of the paper's code.
    exact = x.float()
    return (exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + RMS_EPS)).to(x.dtype)


def swiglu_width(dim: int, ratio: float, multiple_of: int) -> int:
    """Inner width of a SwiGLU: two thirds of ``ratio * dim``, rounded up to a multiple."""
    return math.ceil(round(ratio * dim * 2 / 3) / multiple_of) * multiple_of


class SwiGLU(nn.Module):
    """``down(silu(gate(x)) * up(x))`` over the last axis (arXiv:2002.05202)."""

    def __init__(self, dim: int, ratio: float, multiple_of: int) -> None:
        super().__init__()
        inner = swiglu_width(dim, ratio, multiple_of)
        self.gate_up = Linear(dim, 2 * inner)
        self.down = Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class ReLUMLP(nn.Module):
    """``down(relu(up(x)))``. On a CPU, a SwiGLU spends most of its time between its matrix products."""

    def __init__(self, dim: int, ratio: float, multiple_of: int) -> None:
        super().__init__()
        inner = math.ceil(round(ratio * dim) / multiple_of) * multiple_of
        self.up = Linear(dim, inner)
        self.down = Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.relu(self.up(x)))


class Attention(nn.Module):
    """Multi-head self-attention over all positions, prefix included, with optional rotary positions.

    Where puzzles have a structure of their own, a link from one position to another adds a learned number to the score
    of that pair, one for each kind of link and head, and nothing attends to padding.

    Args:
        dim: width D.
        num_heads: number of heads.
        kinds_of_links: number of kinds of links; see `trm.model.links.kinds`.
    """

    def __init__(self, dim: int, num_heads: int, kinds_of_links: int = 0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = Linear(dim, 3 * dim)
        self.out = Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros(kinds_of_links, num_heads)) if kinds_of_links else None

    def forward(self, x: Tensor, rotary: Rotary, links: Links | None = None) -> Tensor:
        """x ``[B, P+L, D]`` -> the same shape."""
        query, key, value = self._projected(x, rotary)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=self._scores(x, links))
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

    def attention_weights(self, x: Tensor, rotary: Rotary, links: Links | None = None) -> Tensor:
        """The share of each position in what each other one receives, ``[B, heads, P+L, P+L]``; rows sum to 1."""
        query, key, _ = self._projected(x, rotary)
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        added = self._scores(x, links)
        return (scores if added is None else scores + added).softmax(-1)

    def messages(self, x: Tensor, rotary: Rotary, links: Links | None = None) -> dict[str, Tensor]:
        """The part of the output that comes from each head, ``[B, P+L, D]``; see `trm.Mixer`."""
        mixed = F.scaled_dot_product_attention(*self._projected(x, rotary), attn_mask=self._scores(x, links))
        columns = self.out.weight.chunk(self.num_heads, dim=1)
        return {f"head {number}": F.linear(mixed[:, number], part) for number, part in enumerate(columns)}

    def _projected(self, x: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each ``[B, heads, P+L, D/heads]``."""
        batch, length, dim = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        if rotary is not None:
            query, key = rotate(query, *rotary), rotate(key, *rotary)
        return query, key, value

    def _scores(self, x: Tensor, links: Links | None) -> Tensor | None:
        """What links add to the scores, ``[B, heads or 1, P+L, P+L]``, minus infinity for padding; None without links."""
        if links is None:
            return None
        prefix = x.shape[1] - links.real.shape[1]
        scores = x.new_zeros(()).masked_fill(~links.real, -torch.inf)[:, None, None, :]
        if self.bias is not None:
            present = (links.weights != 0).to(x.dtype)
            scores = scores + torch.einsum("bkij,kh->bhij", present, self.bias.to(x.dtype))
        return F.pad(scores.expand(-1, -1, links.real.shape[1], -1), (prefix, 0, prefix, 0))


MLPS: dict[str, type[SwiGLU] | type[ReLUMLP]] = {"swiglu": SwiGLU, "relu": ReLUMLP}


class Layer(nn.Module):
    """One layer: ``h = rms(h + mix(h)); h = rms(h + swiglu(h))``."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.over_positions, self.takes_rotary = config.mixer.over_positions, config.mixer.rotary
        self.mix = build_mixer(config)
        self.mlp = MLPS[config.activation](config.hidden_dim, config.mlp_ratio, config.mlp_multiple_of)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, h: Tensor, context: Context) -> Tensor:
        """h ``[B, P+L, D]``, or ``[B, L, S, D]`` with one vector per symbol -> the same shape."""
        # Transposed, the norm after the mixer runs over positions, too.
        h = self._mixed(h.mT, context).mT if self.over_positions else self._mixed(h, context)
        return rms_norm(h + self.dropout(self.mlp(h)))

    def _mixed(self, h: Tensor, context: Context) -> Tensor:
        given: list[Any] = [context.rotary] if self.takes_rotary else []
        if context.links is not None:
            given.append(context.links)
        mixed = self.mix(h, *given)
        return rms_norm(h + self.dropout(mixed))


class Stack(nn.Module):
    """The tiny network itself: ``net(h, injection)`` runs the layers on ``h + injection``."""

    def __init__(self, config: TRMConfig, num_layers: int | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(num_layers or config.num_layers))

    def forward(self, h: Tensor, injection: Tensor, context: Context) -> Tensor:
        """h, injection ``[B, P+L, D]`` -> ``[B, P+L, D]``."""
        h = h + injection
        for layer in self.layers:
            h = layer(h, context)
        return h
