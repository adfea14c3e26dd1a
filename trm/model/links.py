"""The structure of each puzzle's own, as the layers use it: links between positions, padding, and numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trm.config import PuzzleStructure, TRMConfig
from trm.config.columns import Columns
from trm.model.init import Linear


class Links(NamedTuple):
    """The links of the puzzles of a batch, for the mixers.

    Attributes:
        weights: of position j in what position i receives, for each kind of link, ``[B, K, L, L]``. The kinds are those of
            `kinds`.
        real: which positions are not padding, ``[B, L]``.
    """

    weights: Tensor
    real: Tensor


class OwnStructure(NamedTuple):
    """The structure of the puzzles of a batch, with everything that a puzzle does not use at zero.

    Attributes:
        real: which positions are not padding, ``[B, L]``.
        into: mean over the edges into a position, by type of edge, ``[B, types, L, edges]``.
        source: which position an edge comes from, ``[B, edges, L]``.
        edge_numbers: ``[B, edges, numbers]``.
        within: mean over the groups of a position, by type of group, ``[B, types, L, groups]``.
        members: mean over the positions of a group, by type of group, ``[B, types, groups, L]``.
        group_numbers: ``[B, groups, numbers]``.
        beside: the positions before and after each one in its ordered groups, ``[B, 2 * types, L, L]``.
        position_numbers: ``[B, L, numbers]``.
    """

    real: Tensor
    into: Tensor
    source: Tensor
    edge_numbers: Tensor
    within: Tensor
    members: Tensor
    group_numbers: Tensor
    beside: Tensor
    position_numbers: Tensor


def kinds(structure: PuzzleStructure) -> list[str]:
    """The kinds of links, in the order of `Links.weights`.

    A position receives the mean of the sources of its edges, of each type; these weighted by each number of the edges; the
    mean of its groups, of each type; and its neighbours in ordered groups.
    """
    weighted = [f"{name} of {kind}" for kind in structure.edges for name in structure.edge_numbers]
    beside = [f"{side} in {kind}" for kind in structure.ordered for side in ("previous", "next")]
    return [*structure.edges, *weighted, *structure.groups, *beside]


def read_structure(inputs: Tensor, length: int, structure: PuzzleStructure) -> OwnStructure:
    """The structure in rows ``[B, W]``."""
    columns = Columns.of(length, structure)
    _, edge_count, group_count, member_count = columns.part(inputs, "counts").unbind(-1)
    edges = columns.part(inputs, "edges", 3)
    group_types, members = columns.part(inputs, "groups"), columns.part(inputs, "members", 2)
    has_edge, has_group = _first(edge_count, edges.shape[1]), _first(group_count, group_types.shape[1])
    has_member = _first(member_count, members.shape[1])
    belongs = _one_hot(members[..., 0], group_types.shape[1]) * has_member.unsqueeze(-1)  # [B, members, groups]
    places = _one_hot(members[..., 1], length)  # [B, members, L]
    in_type = _of_types(group_types, len(structure.groups)) * has_group.unsqueeze(1)  # [B, types, groups]
    inside = (places.mT @ belongs).unsqueeze(1) * in_type.unsqueeze(2)
    of_type = _of_types(edges[..., 0], len(structure.edges)) * has_edge.unsqueeze(1)  # [B, types, edges]
    into = _one_hot(edges[..., 2], length).mT.unsqueeze(1) * of_type.unsqueeze(2)
    ordered = [structure.groups.index(name) for name in structure.ordered]
    return OwnStructure(
        real=real_positions(inputs, length),
        into=_mean(into),
        source=_one_hot(edges[..., 1], length) * has_edge.unsqueeze(-1),
        edge_numbers=_scaled(columns.part(inputs, "edge_numbers", len(structure.edge_numbers)), structure.edge_numbers),
        within=_mean(inside),
        members=_mean(inside.mT),
        group_numbers=_scaled(
            columns.part(inputs, "group_numbers", len(structure.group_numbers)), structure.group_numbers
        ),
        beside=_neighbours(places, belongs, in_type[:, ordered]),
        position_numbers=_scaled(
            columns.part(inputs, "position_numbers", len(structure.position_numbers)), structure.position_numbers
        ),
    )


def real_positions(inputs: Tensor, length: int) -> Tensor:
    """Which positions of rows ``[B, W]`` are not padding, ``[B, length]``. The size comes first after the tokens."""
    return _first(inputs[:, length], length).bool()


def links(own: OwnStructure) -> Links:
    """The links of the puzzles of a batch."""
    numbers = own.edge_numbers.mT.unsqueeze(1).unsqueeze(3)  # [B, 1, numbers, 1, edges]
    weighted = (own.into.unsqueeze(2) * numbers).flatten(1, 2)
    of_edges = torch.cat([own.into, weighted], dim=1) @ own.source.unsqueeze(1)
    return Links(torch.cat([of_edges, own.within @ own.members, own.beside], dim=1), own.real)


class NumberEmbedding(nn.Module):
    """The numbers of positions, edges and groups as one vector for each position.

    A number becomes sines and cosines of growing frequency, the fastest of which tells neighbouring integers apart, and
    a two-layer network makes a vector of them. A position receives its own vector, the mean of those of the edges into
    it, and the mean of those of its groups.
    """

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        structure = config.structure.per_puzzle
        assert structure is not None
        self.structure = structure
        sources = {
            "positions": (structure.position_numbers, 0),
            "edges": (structure.edge_numbers, len(structure.edges)),
            "groups": (structure.group_numbers, len(structure.groups)),
        }
        self.encoders = nn.ModuleDict(
            {
                name: NumberEncoder(numbers, types, config.hidden_dim)
                for name, (numbers, types) in sources.items()
                if numbers
            }
        )

    def forward(self, own: OwnStructure) -> Tensor:
        """``[B, L, D]``, about as large as the vector of a token."""
        received = []
        if self.structure.position_numbers:
            received.append(self.encoders["positions"](own.position_numbers))
        if self.structure.edge_numbers:
            received.append(_given(self.encoders["edges"], own.edge_numbers, own.into))
        if self.structure.group_numbers:
            received.append(_given(self.encoders["groups"], own.group_numbers, own.within))
        return torch.stack(received).sum(0)


def _given(encoder: nn.Module, numbers: Tensor, into: Tensor) -> Tensor:
    """What positions receive from edges or groups: ``[B, items, numbers]`` and ``[B, types, L, items]`` -> ``[B, L, D]``.

    The vector of an item depends on its type.
    """
    types = into.amax(2).gt(0).to(into).mT  # [B, items, types]
    vectors: Tensor = encoder(torch.cat([numbers, types], dim=-1))
    return into.sum(1) @ vectors


class NumberEncoder(nn.Module):
    """Scaled integers, and where they belong to edges or groups the type of these, to a vector."""

    frequencies: Tensor

    def __init__(self, largest: dict[str, int], types: int, dim: int) -> None:
        super().__init__()
        self.count = len(largest)
        octaves = max(value.bit_length() for value in largest.values())
        self.register_buffer("frequencies", math.pi / 2 * 2.0 ** torch.arange(octaves), persistent=False)
        self.inner = Linear(self.count * (1 + 2 * octaves) + types, dim)
        self.outer = Linear(dim, dim)

    def forward(self, items: Tensor) -> Tensor:
        """items ``[..., numbers + types]`` with numbers from -1 to 1 -> ``[..., D]``."""
        numbers, types = items.split([self.count, items.shape[-1] - self.count], dim=-1)
        angles = (numbers.unsqueeze(-1) * self.frequencies).flatten(-2)
        features = torch.cat([numbers, angles.sin(), angles.cos(), types], dim=-1)
        return self.outer(nn.functional.silu(self.inner(features))) / math.sqrt(self.outer.out_features)


def _first(counts: Tensor, length: int) -> Tensor:
    """1 for the first `counts` of `length` items and 0 for the others, ``[B, length]``."""
    return (torch.arange(length, device=counts.device) < counts.unsqueeze(-1)).float()


def _one_hot(index: Tensor, size: int) -> Tensor:
    return (index.unsqueeze(-1) == torch.arange(size, device=index.device)).float()


def _of_types(types: Tensor, count: int) -> Tensor:
    """Which items are of each type: ``[B, items]`` -> ``[B, types, items]``."""
    return _one_hot(types, count).mT


def _mean(weights: Tensor) -> Tensor:
    """Weights over the last axis that sum to 1, or are all 0."""
    return weights / weights.sum(-1, keepdim=True).clamp(min=1)


def _scaled(numbers: Tensor, largest: dict[str, int]) -> Tensor:
    """Integers as numbers from -1 to 1."""
    return numbers / torch.tensor(list(largest.values()), device=numbers.device, dtype=torch.float32)


def _neighbours(places: Tensor, belongs: Tensor, in_type: Tensor) -> Tensor:
    """The positions before and after each one in its ordered groups, as means, ``[B, 2 * types, L, L]``.

    The members of a group follow one another, so two neighbours are two members in a row that belong to one group.

    Args:
        places: ``[B, members, L]``.
        belongs: ``[B, members, groups]``.
        in_type: ``[B, types, groups]``, for the types with an order.
    """
    pairs = (belongs[:, :-1] * belongs[:, 1:]) @ in_type.mT  # [B, members - 1, types]
    weighted = pairs.mT.unsqueeze(2)  # [B, types, 1, members - 1]
    earlier, later = places[:, :-1], places[:, 1:]
    previous = (later.mT.unsqueeze(1) * weighted) @ earlier.unsqueeze(1)  # [B, types, L, L]
    following = (earlier.mT.unsqueeze(1) * weighted) @ later.unsqueeze(1)
    return torch.stack([_mean(previous), _mean(following)], dim=2).flatten(1, 2)
