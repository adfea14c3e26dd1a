"""Settings of the maze task, and the description of its positions and tokens."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm import Structure
from trm.data import Description
from trm_tasks_maze.grid import CHARACTERS, MAX_SIDE, MIN_SIDE, PAD, VOCABULARY

NEIGHBOURS = [(1, 0), (0, -1), (0, 1), (-1, 0)]
"""The allowed moves. A relational model receives no other structure of the grid."""


class MazeConfig(BaseModel):
    """Settings of the maze task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(10, description="number of rows, and of columns if width is unset", ge=MIN_SIDE, le=MAX_SIDE)
    width: int | None = Field(None, description="number of columns; unset: same as size", ge=MIN_SIDE, le=MAX_SIDE)
    min_size: int | None = Field(
        None,
        description="generate mazes of several sizes, from this to size, surrounded by walls; unset: size",
        ge=MIN_SIDE,
        le=MAX_SIDE,
    )
    min_walls: float = Field(0.2, description="minimum probability that a cell is a wall", ge=0, lt=1)
    max_walls: float = Field(
        0.45,
        description="maximum probability that a cell is a wall; each maze draws a value between the two",
        ge=0,
        lt=1,
    )
    min_path: int | None = Field(
        None,
        description="minimum number of moves from start to goal; scaled by the number of cells in smaller mazes; unset: size",
        ge=1,
    )
    train_puzzles: int = Field(20_000, description="number of generated training mazes", ge=1)
    test_puzzles: int = Field(1000, description="number of generated test mazes", ge=1)
    csv: Path | None = Field(
        None,
        description="for dataset maze-hard: folder with train.csv and test.csv, or train.txt and test.txt; unset: download",
    )

    @model_validator(mode="after")
    def _walls_in_order(self) -> MazeConfig:
        if self.min_walls > self.max_walls:
            raise ValueError(f"min_walls {self.min_walls} is greater than max_walls {self.max_walls}")
        return self

    @model_validator(mode="after")
    def _sizes_in_order(self) -> MazeConfig:
        if self.min_size is not None and self.min_size > self.size:
            raise ValueError(f"min_size {self.min_size} is greater than size {self.size}: lower it, or increase size")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.size, self.width or self.size

    @property
    def min_share(self) -> float:
        """Side of the smallest mazes as a fraction of `size`."""
        return (self.min_size or self.size) / self.size

    @property
    def least_moves(self) -> int:
        """Minimum number of moves of a shortest path."""
        return self.min_path or self.size


def describe(config: MazeConfig) -> Description:
    """Return vocabulary, length and structure of the mazes."""
    rows, columns = config.shape
    return Description(
        vocab_size=VOCABULARY,
        seq_len=rows * columns,
        pad_id=PAD,
        token_names=("pad", *CHARACTERS.replace(" ", ".")),
        structure=Structure(grid=(rows, columns), neighbours=NEIGHBOURS),
    )
