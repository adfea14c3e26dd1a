"""The settings of the maze task, and what they say of its positions and tokens."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm import Structure
from trm.data import Description
from trm_tasks_maze.grid import CHARACTERS, MAX_SIDE, MIN_SIDE, PAD, VOCABULARY

NEIGHBOURS = [(1, 0), (0, -1), (0, 1), (-1, 0)]
"""Where one may walk from a cell; all that a relational model is told of the grid."""


class MazeConfig(BaseModel):
    """Settings of the maze task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(10, description="rows, and columns where width is unset", ge=MIN_SIDE, le=MAX_SIDE)
    width: int | None = Field(None, description="columns; unset: a square", ge=MIN_SIDE, le=MAX_SIDE)
    min_size: int | None = Field(
        None,
        description="mazes of several sizes, this to size, walls around them; unset: size",
        ge=MIN_SIDE,
        le=MAX_SIDE,
    )
    min_walls: float = Field(0.2, description="least probability of a cell to be a wall", ge=0, lt=1)
    max_walls: float = Field(0.45, description="greatest one; each maze draws its own between the two", ge=0, lt=1)
    min_path: int | None = Field(
        None,
        description="least moves from start to goal, of smaller mazes in proportion to their cells; unset: as many as rows",
        ge=1,
    )
    train_puzzles: int = Field(20_000, description="training mazes generated", ge=1)
    test_puzzles: int = Field(1000, description="test mazes generated", ge=1)
    csv: Path | None = Field(
        None, description="dataset maze-hard: the folder of its train.csv and test.csv; unset: downloaded"
    )

    @model_validator(mode="after")
    def _walls_in_order(self) -> MazeConfig:
        if self.min_walls > self.max_walls:
            raise ValueError(f"min_walls {self.min_walls} is greater than max_walls {self.max_walls}")
        return self

    @model_validator(mode="after")
    def _sizes_in_order(self) -> MazeConfig:
        if self.min_size is not None and self.min_size > self.size:
            raise ValueError(f"min_size {self.min_size} is greater than size {self.size}: lower it, or raise size")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.size, self.width or self.size

    @property
    def min_share(self) -> float:
        """The share of the sides that the smallest mazes take."""
        return (self.min_size or self.size) / self.size

    @property
    def least_moves(self) -> int:
        """Moves that a shortest path has at least."""
        return self.min_path or self.size


def describe(config: MazeConfig) -> Description:
    """Vocabulary, length and structure of mazes of a size."""
    rows, columns = config.shape
    return Description(
        vocab_size=VOCABULARY,
        seq_len=rows * columns,
        pad_id=PAD,
        token_names=("pad", *CHARACTERS.replace(" ", ".")),
        structure=Structure(grid=(rows, columns), neighbours=NEIGHBOURS),
    )
