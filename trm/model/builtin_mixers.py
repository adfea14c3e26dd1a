"""The factories of the built-in mixers, as `trm.plugins.builtins` registers them."""

from __future__ import annotations

from torch import nn

from trm.config import TRMConfig
from trm.model.grid import GridMix, GridOptions
from trm.model.layers import MLPS, Attention
from trm.model.links import kinds
from trm.model.relational import RelationalMix


def attention(config: TRMConfig) -> Attention:
    """Self-attention over all positions (paper, section 4.5)."""
    structure = config.structure.per_puzzle
    return Attention(config.hidden_dim, config.num_heads, 0 if structure is None else len(kinds(structure)))


def mlp(config: TRMConfig) -> nn.Module:
    """The layer's own kind of MLP, over positions instead of the width (paper, section 4.5; arXiv:2105.01601)."""
    length = config.prefix_length + config.context_length
    return MLPS[config.activation](length, config.mlp_ratio, config.mlp_multiple_of)


def relational(config: TRMConfig) -> RelationalMix:
    """Means over the task's relations and neighbours on its grid."""
    return RelationalMix(config.hidden_dim, config.structure, config.neighbour_pooling)


def grid(config: TRMConfig, options: GridOptions) -> GridMix:
    """Attention over a grid, by row and column numbers."""
    return GridMix(config, options)
