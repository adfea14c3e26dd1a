"""Relational mixing: each position receives the means of its groups, its neighbours on the grid, and its links.

No weight depends on the number of positions, groups or symbols, so the same weights work at any size.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trm.config import NeighbourPooling, Structure
from trm.model.init import truncated_normal_
from trm.model.links import Links, kinds


class RelationalMix(nn.Module):
    """``mix(x) = sum over relations of W_r mean_group(x) + W_s mean_symbols(x) + pool over offsets of W_o x[neighbour]``.

    Neighbours are combined by their sum or by the maximum of each element, as a shortest-path search combines the
    distances of neighbours.

    The state is ``[B, L, D]``, or ``[B, L, S, D]`` with one vector per position and interchangeable symbol. With
    symbols, relations and neighbours connect equal symbols, and the mean over the symbols connects different ones.

    Args:
        dim: width D.
        structure: relations, grid, neighbours and interchangeable tokens.
        neighbour_pooling: "sum" or "max".
    """

    pool: Tensor
    spread: Tensor

    def __init__(self, dim: int, structure: Structure, neighbour_pooling: NeighbourPooling = "sum") -> None:
        super().__init__()
        self.grid = structure.grid
        self.offsets = structure.neighbours
        self.neighbour_pooling = neighbour_pooling
        self.relation_names = tuple(structure.relations)
        self.group_counts = [max(groups) + 1 for groups in structure.relations.values()]
        pool, spread = _membership(structure)
        self.register_buffer("pool", pool, persistent=False)
        self.register_buffer("spread", spread, persistent=False)
        self.kinds = kinds(structure.per_puzzle) if structure.per_puzzle is not None else []
        terms = len(self.group_counts) + len(self.offsets) + bool(structure.interchangeable) + len(self.kinds)
        self.classes = structure.relation_classes()
        self.relations = self._weight(len(set(self.classes)), dim, terms)
        self.symbols = self._weight(1, dim, terms) if structure.interchangeable else None
        self.neighbours = self._weight(len(self.offsets), dim, terms) if self.offsets else None
        self.links = self._weight(len(self.kinds), dim, terms) if self.kinds else None

    @staticmethod
    def _weight(count: int, dim: int, terms: int) -> nn.Parameter:
        weight = nn.Parameter(torch.empty(count, dim, dim))
        truncated_normal_(weight, std=(terms * dim) ** -0.5)
        return weight

    def forward(self, x: Tensor, links: Links | None = None) -> Tensor:
        """x ``[B, L, D]`` or ``[B, L, S, D]`` -> the same shape."""
        received = []
        if self.group_counts:
            received.append(self._from_groups(x))
        if self.symbols is not None:
            received.append(x.mean(dim=2, keepdim=True) @ self.symbols[0])
        if self.neighbours is not None:
            received.append(self._from_neighbours(x))
        if self.links is not None and links is not None:
            received.append(self._from_links(x, links))
        return functools.reduce(torch.add, received) if received else torch.zeros_like(x)

    def messages(self, x: Tensor, links: Links | None = None) -> dict[str, Tensor]:
        """The part of the output that comes from each relation, from the other symbols, neighbours and kinds of links.

        With the pooling "max", a neighbour's part is zero in the elements in which another neighbour has the maximum. See
        `trm.Mixer`.
        """
        parts = self._received_from_relations(x)
        if self.symbols is not None:
            parts["symbols"] = (x.mean(dim=2, keepdim=True) @ self.symbols[0]).expand_as(x)
        if self.neighbours is not None:
            parts |= self._received_from_neighbours(x)
        if self.links is not None and links is not None:
            arriving = self._arriving(x, links)
            parts |= {kind: arriving[:, number] @ self.links[number] for number, kind in enumerate(self.kinds)}
        return parts

    def _received_from_relations(self, x: Tensor) -> dict[str, Tensor]:
        if not self.group_counts:
            return {}
        spreads = self.spread.to(x.dtype).split(self.group_counts, dim=1)
        return {
            name: (spread @ part.flatten(2)).view_as(x)
            for name, spread, part in zip(self.relation_names, spreads, self._projected_groups(x), strict=True)
        }

    def _received_from_neighbours(self, x: Tensor) -> dict[str, Tensor]:
        assert self.grid is not None
        assert self.neighbours is not None
        planes = x.unflatten(1, self.grid)
        parts = torch.stack(
            [_shift(planes @ weight, *offset) for weight, offset in zip(self.neighbours, self.offsets, strict=True)]
        )
        if self.neighbour_pooling == "max":
            number = torch.arange(len(parts), device=x.device).view(-1, *(1,) * planes.dim())
            parts = parts * (parts.argmax(0) == number)
        names = [f"offset ({row}, {column})" for row, column in self.offsets]
        return dict(zip(names, parts.flatten(2, 3), strict=True))

    def _from_groups(self, x: Tensor) -> Tensor:
        """Pool, project and spread."""
        projected = torch.cat(self._projected_groups(x), dim=1)
        return (self.spread.to(x.dtype) @ projected.flatten(2)).view_as(x)

    def _projected_groups(self, x: Tensor) -> list[Tensor]:
        """The projected means of each relation's groups. The mean of a group is projected once, not once per member."""
        flat = x.flatten(2)  # [B, L, S*D]
        pooled = (self.pool.to(x.dtype) @ flat).unflatten(2, x.shape[2:])  # [B, groups, (S,) D]
        parts = pooled.split(self.group_counts, dim=1)
        return [part @ self.relations[index] for index, part in zip(self.classes, parts, strict=True)]

    def _from_links(self, x: Tensor, links: Links) -> Tensor:
        """What positions receive through links, each kind projected by its weights."""
        assert self.links is not None
        arriving = self._arriving(x, links).movedim(1, -2).flatten(-2)  # [B, L, (S,) K*D]
        return arriving @ self.links.flatten(0, 1)

    @staticmethod
    def _arriving(x: Tensor, links: Links) -> Tensor:
        """The weighted sums of the states that are linked to each position, by kind of link, ``[B, K, L, (S,) D]``."""
        arriving = links.weights.to(x.dtype) @ x.flatten(2).unsqueeze(1)
        return arriving.unflatten(-1, x.shape[2:])

    def _from_neighbours(self, x: Tensor) -> Tensor:
        """The neighbours' part of the sum. Neighbours outside the grid are zero."""
        assert self.grid is not None
        assert self.neighbours is not None
        rows, columns = self.grid
        planes = x.unflatten(1, (rows, columns))
        if self.neighbour_pooling == "max":
            parts = (planes @ self.neighbours.permute(1, 0, 2).flatten(1)).chunk(len(self.offsets), dim=-1)
            shifted = [_shift(part, row, column) for part, (row, column) in zip(parts, self.offsets, strict=True)]
            return functools.reduce(_maximum, shifted).flatten(1, 2)
        received = torch.cat([_shift(planes, row, column) for row, column in self.offsets], dim=-1)
        return (received @ self.neighbours.flatten(0, 1)).flatten(1, 2)


def _maximum(a: Tensor, b: Tensor) -> Tensor:
    """The maximum of each element. On a CPU, the gradient of `torch.maximum` is slow unless it is compiled."""
    written_out = torch.is_grad_enabled() and not torch.compiler.is_compiling()
    return a + F.relu(b - a) if written_out else torch.maximum(a, b)


def _shift(planes: Tensor, row: int, column: int) -> Tensor:
    """planes ``[B, rows, columns, ...]``; position (i, j) of the result holds what (i + row, j + column) held."""
    trailing = (0, 0) * (planes.dim() - 3)
    padded = F.pad(planes, (*trailing, max(-column, 0), max(column, 0), max(-row, 0), max(row, 0)))
    height, width = planes.shape[1:3]
    return padded.narrow(1, max(row, 0), height).narrow(2, max(column, 0), width)


def _membership(structure: Structure) -> tuple[Tensor, Tensor]:
    """Averaging matrix ``[groups, L]`` and membership ``[L, groups]``, the groups of all relations stacked."""
    blocks = [F.one_hot(torch.tensor(groups), max(groups) + 1).T.float() for groups in structure.relations.values()]
    if not blocks:
        return torch.empty(0, 0), torch.empty(0, 0)
    member = torch.cat(blocks)
    return member / member.sum(1, keepdim=True).clamp(min=1), member.T.contiguous()
