"""The structure of a task: relations between positions, and interchangeable tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.errors import quoted

# Types and numbers are also read from files of strangers. Weights are made for each, and for pairs of them.
MOST_TYPES = 64
Types = Annotated[list[str], Field(max_length=MOST_TYPES)]
Numbers = Annotated[dict[str, Annotated[int, Field(ge=1, le=2**31)]], Field(max_length=MOST_TYPES)]


class PuzzleStructure(Settings):
    """What differs from puzzle to puzzle: its size, and edges, groups and numbers of its own.

    The types and numbers decide which weights a model has. The maxima are room in the data; no weight depends on them.
    """

    edges: Types = Field(default_factory=list, description="types of the directed edges between positions")
    groups: Types = Field(
        default_factory=list, description="types of the groups; a position can be in several groups, or in none"
    )
    ordered: Types = Field(default_factory=list, description="types of the groups whose members have an order")
    position_numbers: Numbers = Field(
        default_factory=dict, description="integers that each position has, and the largest size of each"
    )
    edge_numbers: Numbers = Field(default_factory=dict, description="the same for each edge")
    group_numbers: Numbers = Field(default_factory=dict, description="the same for each group")
    max_edges: int = Field(0, description="most edges of a puzzle", ge=0, le=2**20)
    max_groups: int = Field(0, description="most groups of a puzzle", ge=0, le=2**20)
    max_members: int = Field(0, description="most members of all groups of a puzzle together", ge=0, le=2**20)

    @model_validator(mode="after")
    def _types_are_consistent(self) -> PuzzleStructure:
        for name in ("edges", "groups", "ordered"):
            types = getattr(self, name)
            if len(set(types)) < len(types):
                raise ValueError(f"{name} must name each type once")
        if unknown := set(self.ordered) - set(self.groups):
            raise ValueError(f"ordered must name types of groups, not {quoted(min(unknown))}")
        if bool(self.edges) != bool(self.max_edges):
            raise ValueError("max_edges must be at least 1 if there are edges, and 0 if there are none")
        if bool(self.groups) != bool(self.max_groups) or bool(self.groups) != bool(self.max_members):
            raise ValueError(
                "max_groups and max_members must be at least 1 if there are groups, and 0 if there are none"
            )
        if (self.edge_numbers and not self.edges) or (self.group_numbers and not self.groups):
            raise ValueError("edge_numbers need edges, and group_numbers need groups")
        return self


class Structure(Settings):
    """What a task declares about its positions and tokens. A structured model is given nothing else about the task."""

    grid: tuple[int, int] | None = Field(None, description="rows and columns, if the positions form a grid")
    relations: dict[str, list[int]] = Field(
        default_factory=dict, description="named partitions of the positions: the number of each position's group"
    )
    alike: list[list[str]] = Field(
        default_factory=list,
        description="lists of relations that a symmetry of the task exchanges; the relations of a list share weights",
    )
    neighbours: list[tuple[int, int]] = Field(
        default_factory=list, description="offsets (rows, columns) of a position's neighbours on the grid"
    )
    interchangeable: list[int] = Field(
        default_factory=list, description="tokens that can be permuted without changing the task"
    )
    per_puzzle: PuzzleStructure | None = Field(None, description="what differs from puzzle to puzzle")

    @model_validator(mode="after")
    def _neighbours_need_a_grid(self) -> Structure:
        if self.neighbours and self.grid is None:
            raise ValueError("neighbours need a grid")
        return self

    @model_validator(mode="after")
    def _groups_are_numbered(self) -> Structure:
        for name, groups in self.relations.items():
            if not groups or min(groups) < 0 or max(groups) >= len(groups):
                raise ValueError(
                    f"relation {quoted(name)} must give each position a group number from 0 to {len(groups) - 1}"
                )
        return self

    @model_validator(mode="after")
    def _grid_and_neighbours_are_of_a_size(self) -> Structure:
        rows, columns = self.grid or (0, 0)
        if self.grid is not None and min(self.grid) < 1:
            raise ValueError("a grid has at least one row and one column")
        if any(abs(row) > rows or abs(column) > columns for row, column in self.neighbours):
            raise ValueError(f"neighbours must be no farther than the grid of {rows} x {columns} is large")
        return self

    @model_validator(mode="after")
    def _alike_are_relations(self) -> Structure:
        names = [name for group in self.alike for name in group]
        unknown = set(names) - set(self.relations)
        if unknown or len(set(names)) < len(names):
            raise ValueError("alike must name relations, each at most once")
        return self

    def relation_classes(self) -> list[int]:
        """For each relation, the index of its weights. Relations that are alike have the same index."""
        leader = {name: group[0] for group in self.alike for name in group}
        leaders = [leader.get(name, name) for name in self.relations]
        distinct = list(dict.fromkeys(leaders))
        return [distinct.index(name) for name in leaders]
