"""The structure of a task: relations between positions, and interchangeable tokens."""

from __future__ import annotations

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.errors import quoted


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

    @model_validator(mode="after")
    def _neighbours_need_a_grid(self) -> Structure:
        if self.neighbours and self.grid is None:
            raise ValueError("neighbours need a grid")
        return self

    @model_validator(mode="after")
    def _groups_are_numbered(self) -> Structure:
        for name, groups in self.relations.items():
            if not groups or min(groups) < 0 or max(groups) >= len(groups):
                raise ValueError(f"relation {quoted(name)} must number the group of each position from 0 on")
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
