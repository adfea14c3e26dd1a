"""The puzzle: fill cells of a grid so that the runs of filled cells in each row and column have the given lengths."""

from __future__ import annotations

import hashlib

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm.data import Description, IntArray, PuzzleSet
from trm.errors import PuzzleError
from trm.evaluation import ValidAnswers

from . import encoding, notation, pictures
from .encoding import EMPTY, FILLED, LARGEST, UNKNOWN, Puzzle, puzzle_of
from .lines import BoolArray, clue_numbers, clue_of, line_table, solve

SMALLEST = 5
"""Fewest rows and columns of random puzzles: there are too few different ones of 4x4. Of 5x5, there are enough for the
largest numbers of puzzles below."""


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    smallest: int = Field(5, description="fewest rows and columns of random puzzles", ge=SMALLEST, le=LARGEST)
    largest: int = Field(10, description="most rows and columns of a puzzle", ge=SMALLEST, le=LARGEST)
    smoothed: float = Field(0.25, description="share of the pictures that have larger shapes", ge=0, le=1)
    train_puzzles: int = Field(40000, description="number of training puzzles", ge=1, le=200_000)
    validation_puzzles: int = Field(500, description="number of validation puzzles", ge=1, le=10_000)
    test_puzzles: int = Field(1000, description="number of test puzzles", ge=1, le=10_000)

    @model_validator(mode="after")
    def _sizes_are_in_order(self) -> Config:
        if self.smallest > self.largest:
            raise ValueError(f"task.smallest ({self.smallest}) is more than task.largest ({self.largest})")
        return self


def describe(config: Config) -> Description:
    return encoding.description(config.largest)


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate square puzzles of a split. The number of puzzles of a size is in proportion to its cells."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, pictures.SPLITS.index(split)]))
    count = int(getattr(config, f"{split}_puzzles"))
    description = describe(config)
    sizes = np.arange(config.smallest, config.largest + 1)
    sides = rng.choice(sizes, size=count, p=sizes**2 / (sizes**2).sum())
    inputs = np.zeros((count, description.input_width), dtype=np.int64)
    labels = np.zeros((count, description.seq_len), dtype=np.int64)
    for side in np.unique(sides).tolist():
        here = sides == side
        found = pictures.generate(rng, split, int(here.sum()), (side, side), config.smoothed)
        inputs[here] = encoding.rows_of(run_lengths(found), side, side, config.largest)
        labels[here] = encoding.labels_of(found, config.largest)
    return PuzzleSet(inputs, labels, description)


def run_lengths(found: BoolArray) -> IntArray:
    """The clues of pictures ``[N, height, width]`` as numbers ``[N, height + width, RUNS]``, rows first."""
    sides = zip(clue_numbers(found), (found.shape[2], found.shape[1]), strict=True)
    parts = [np.array([encoding.padded(clue) for clue in line_table(length).clues])[which] for which, length in sides]
    return np.concatenate(parts, axis=1)


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return a key of each picture, which its rotated and reflected images share."""
    keys = []
    for row, answer in zip(inputs, labels, strict=True):
        cells, _ = encoding.views(answer, puzzle_of(row, config.largest))
        key = pictures.classes(cells[None] == FILLED)[0]
        keys.append(int.from_bytes(hashlib.blake2b(key, digest_size=7).digest(), "big"))
    return np.array(keys)


class Valid(ValidAnswers):
    """The share of the answers that follow the rules."""

    def is_valid(self, inputs: IntArray, answer: IntArray) -> bool:
        return check(inputs, answer, self.config) is None


def parse(text: str, config: Config) -> list[IntArray]:
    """Read puzzles of at most `largest` rows and columns; see `trm_tasks_nonogram.notation`.

    Raises:
        PuzzleError: a puzzle cannot be read or is too large, or there is none.
    """
    found = notation.read(text)
    for puzzle, place in found:
        refuse_larger(puzzle, place, config.largest)
    return [encoding.row_of(puzzle, config.largest) for puzzle, _ in found]


def fit(text: str, config: Config) -> Config:
    """Return the settings for the largest puzzle of a text.

    Raises:
        PuzzleError: as `parse`.
    """
    found = notation.read(text)
    for puzzle, place in found:
        refuse_larger(puzzle, place, LARGEST)
    side = max(SMALLEST, *(len(lines) for puzzle, _ in found for lines in puzzle))
    return config.model_copy(update={"largest": side, "smallest": min(config.smallest, side)})


def refuse_larger(puzzle: Puzzle, place: str, largest: int) -> None:
    """Refuse a puzzle of more than `largest` rows or columns.

    Raises:
        PuzzleError: it has more.
    """
    height, width = len(puzzle.rows), len(puzzle.columns)
    if max(height, width) > largest:
        remedy = f" Set task.largest to more, up to {LARGEST}." if largest < LARGEST else ""
        raise PuzzleError(
            f"{place}: the puzzle has {height} x {width} cells, expected at most {largest} x {largest}.{remedy}"
        )


def format_tokens(row: IntArray, config: Config) -> str:
    """Write a puzzle as its clues, or an answer as a picture, on one line that `parse` reads."""
    puzzle = puzzle_of(row, config.largest)
    cells, _ = encoding.views(row, puzzle)
    return notation.write(puzzle) if (cells == UNKNOWN).any() else notation.write_picture(cells == FILLED)


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer, in one sentence; None if it is right."""
    puzzle = puzzle_of(inputs, config.largest)
    in_rows, in_columns = encoding.views(answer, puzzle)
    for cells in (in_rows, in_columns):
        if ((cells != EMPTY) & (cells != FILLED)).any():
            row, column = np.argwhere((cells != EMPTY) & (cells != FILLED))[0] + 1
            return f"The cell in row {row}, column {column} is open."
    for name, clues, lines in (("Row", puzzle.rows, in_rows), ("Column", puzzle.columns, in_columns.T)):
        for number, (clue, line) in enumerate(zip(clues, lines, strict=True), start=1):
            if (runs := clue_of(line == FILLED)) != clue:
                return f"{name} {number} has the runs {notation.written(runs)}, expected {notation.written(clue)}."
    if (in_rows != in_columns).any():
        row, column = np.argwhere(in_rows != in_columns)[0] + 1
        return f"Row {row} and column {column} disagree on the cell where they cross."
    return None


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return why a puzzle does not have exactly one solution; None if it does."""
    puzzle = puzzle_of(inputs, config.largest)
    in_rows, in_columns = (sum(map(sum, lines)) for lines in puzzle)
    if in_rows != in_columns:
        return f"The rows have {in_rows} filled cells and the columns {in_columns}."
    rows = [line_table(len(puzzle.columns)).numbers[clue] for clue in puzzle.rows]
    columns = [line_table(len(puzzle.rows)).numbers[clue] for clue in puzzle.columns]
    count = solve(np.array([rows]), np.array([columns])).counts[0]
    if count == 1:
        return None
    return "The puzzle has more than one solution." if count else "The puzzle has no solution."
