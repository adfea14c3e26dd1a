"""The structure of a puzzle: what a task declares about its positions and tokens."""

from __future__ import annotations

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.errors import quoted


class Structure(Settings):
    """What a task tells a structured model about its positions and tokens. The model knows no task beyond this."""

    grid: tuple[int, int] | None = Field(None, description="rows and columns, where the positions form a grid")
    relations: dict[str, list[int]] = Field(
        default_factory=dict, description="named partitions: for each, the group that every position belongs to"
    )
    alike: list[list[str]] = Field(
        default_factory=list,
        description="relations that a symmetry of the task exchanges: each list shares its weights",
    )
    neighbours: list[tuple[int, int]] = Field(
        default_factory=list, description="offsets (rows, columns) on the grid at which a position hears another"
    )
    interchangeable: list[int] = Field(
        default_factory=list, description="tokens that may be permuted without changing the task"
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
        """For each relation, the number of the weights it uses: its own, or those of the relations it is alike."""
        leader = {name: group[0] for group in self.alike for name in group}
        leaders = [leader.get(name, name) for name in self.relations]
        distinct = list(dict.fromkeys(leaders))
        return [distinct.index(name) for name in leaders]
