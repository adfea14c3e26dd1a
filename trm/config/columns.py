"""Where the row of a puzzle holds what: its tokens first, then the structure that it has of its own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any

from trm.config.structure import PuzzleStructure

COUNTS = ("positions", "edges", "groups", "members")
"""The numbers at the start of a puzzle's structure: how many of each it has."""

OWNERS = {
    "edges": ("edges", 3),
    "edge_numbers": ("edges", 3),
    "groups": ("groups", 1),
    "group_numbers": ("groups", 1),
    "members": ("members", 2),
    "position_numbers": ("tokens", 1),
}
"""Whose items a section describes, and how many columns one of these takes."""


@dataclass(frozen=True)
class Columns:
    """The columns of a row ``[W]``. All of them hold integers; what a puzzle does not use is 0.

    Attributes:
        tokens: L tokens.
        counts: numbers of positions, edges, groups and members.
        edges: type, source and target of each edge.
        edge_numbers: the numbers of each edge.
        groups: the type of each group.
        group_numbers: the numbers of each group.
        members: group and position of each member. The members of an ordered group are in its order.
        position_numbers: the numbers of each position.
    """

    tokens: slice
    counts: slice
    edges: slice
    edge_numbers: slice
    groups: slice
    group_numbers: slice
    members: slice
    position_numbers: slice

    @classmethod
    def of(cls, length: int, structure: PuzzleStructure) -> Columns:
        """The columns of puzzles of at most `length` positions."""
        sizes = (
            length,
            len(COUNTS),
            3 * structure.max_edges,
            len(structure.edge_numbers) * structure.max_edges,
            structure.max_groups,
            len(structure.group_numbers) * structure.max_groups,
            2 * structure.max_members,
            len(structure.position_numbers) * length,
        )
        ends = list(accumulate(sizes))
        return cls(*(slice(end - size, end) for size, end in zip(sizes, ends, strict=True)))

    @property
    def width(self) -> int:
        """Number of columns, W."""
        return int(self.position_numbers.stop)

    def part(self, rows: Any, name: str, size: int | None = None) -> Any:
        """Some columns of rows ``[..., W]``, an array or a tensor.

        Args:
            rows: the rows.
            name: an attribute of this class.
            size: width of one item. Default: the columns are not split into items.

        Returns:
            ``[..., columns]``, or ``[..., items, size]``.
        """
        columns: slice = getattr(self, name)
        found = rows[..., columns]
        if size is None:
            return found
        owner, width = OWNERS[name]
        place: slice = getattr(self, owner)
        return found.reshape(*found.shape[:-1], (place.stop - place.start) // width, size)


SECTIONS = tuple(field.name for field in fields(Columns))[2:]
"""The parts of a puzzle's structure after its counts, in the order of the columns."""


def input_width(length: int, structure: PuzzleStructure | None) -> int:
    """The width of a row: its tokens, and the structure of the puzzle's own if it has any."""
    return length if structure is None else Columns.of(length, structure).width


def positions(width: int, structure: PuzzleStructure) -> int:
    """The most positions of the puzzles in rows of a width."""
    return (width - Columns.of(0, structure).width) // (1 + len(structure.position_numbers))
