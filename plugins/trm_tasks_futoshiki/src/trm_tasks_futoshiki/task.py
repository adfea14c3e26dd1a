"""The task: settings, description and data."""

from __future__ import annotations

from functools import cache

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm import PuzzleStructure, Structure
from trm.data import IGNORED, Description, IntArray, PuzzleSet

from .puzzle import LARGEST, SMALLEST, Puzzle, row_of, size_of
from .squares import dig, keys, latin, orders

SPLITS = ("train", "validation", "test")
TENTHS = (0, 0, 0, 0, 0, 0, 0, 0, 1, 2)  # the split of each tenth of all classes of squares
BLOCK = 200  # puzzles that are generated at once


class Config(BaseModel):
    """Settings of the task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int = Field(5, description="number of rows of the largest puzzles", ge=SMALLEST, le=LARGEST)
    smallest: int | None = Field(
        None,
        description="number of rows of the smallest puzzles; default: as many as the largest",
        ge=SMALLEST,
        le=LARGEST,
    )
    extra: int = Field(0, description="puzzles have up to this many clues more than one solution needs", ge=0, le=100)
    train_puzzles: int = Field(8000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(1000, description="number of validation puzzles, and of test puzzles", ge=1)

    @model_validator(mode="after")
    def _smallest_is_not_larger(self) -> Config:
        if self.smallest is not None and self.smallest > self.size:
            raise ValueError(f"smallest is {self.smallest}: expected at most size, which is {self.size}")
        return self


@cache
def describe(config: Config) -> Description:
    """Return vocabulary, length and structure."""
    size = config.size
    signs = 2 * size * (size - 1) + size * (size - 1) // 2
    own = PuzzleStructure(
        edges=["less", "more", "scale"],
        groups=["row", "column"],
        max_edges=2 * signs + size**2,
        max_groups=2 * size,
        max_members=2 * size**2,
    )
    digits = [str(digit) for digit in range(1, size + 1)]
    return Description(
        vocab_size=size + 1,
        seq_len=size**2 + size,
        token_names=(".", *digits),
        structure=Structure(per_puzzle=own, interchangeable=list(range(1, size + 1))),
    )


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate puzzles. The solution, up to reflection and the order of the digits, decides about the split."""
    wanted = config.train_puzzles if split == "train" else config.test_puzzles
    description, rows, answers = describe(config), [], []
    for block in range(-(-wanted // BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence([seed, SPLITS.index(split), block]))
        for puzzle, solution in generate(config, split, rng):
            rows.append(row_of(puzzle, description))
            answers.append(np.append(solution, np.full(puzzle.size, IGNORED)))  # the scale is no part of the answer
    return PuzzleSet.padded(rows[:wanted], answers[:wanted], description)


def generate(config: Config, split: str, rng: np.random.Generator) -> list[tuple[Puzzle, IntArray]]:
    """A block of puzzles and their solutions, all sizes in random order."""
    sizes = rng.integers(config.smallest or config.size, config.size + 1, size=BLOCK)
    made: dict[int, list[tuple[Puzzle, IntArray]]] = {}
    for size in np.unique(sizes).tolist():
        count = int((sizes == size).sum())
        squares = squares_of_split(rng, size, count, split)
        order = orders(rng, size, rng.choice([0.0, 0.5, 1.0], size=count))
        parts = dig(squares, order, rng.integers(config.extra + 1, size=count))
        made[size] = [(Puzzle(*clues), square) for *clues, square in zip(*parts, squares, strict=True)]
    return [made[size].pop() for size in sizes.tolist()]


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return a number for the solution of each puzzle, which all its symmetric images share."""
    sizes = [size_of(int(count)) for count in describe(config).real(inputs).sum(axis=1)]
    squares = [label[: size**2].reshape(1, size, size) for label, size in zip(labels, sizes, strict=True)]
    return np.concatenate([keys(square) for square in squares])


def squares_of_split(rng: np.random.Generator, size: int, count: int, split: str) -> IntArray:
    """Random Latin squares `[count, size, size]` of one split."""
    found = np.empty((0, size, size), dtype=np.int64)
    while len(found) < count:
        drawn = latin(rng, size, 2 * count if split == "train" else 12 * count)
        mine = np.array(TENTHS)[keys(drawn) % len(TENTHS)] == SPLITS.index(split)
        found = np.concatenate([found, drawn[mine]])
    return found[:count]
