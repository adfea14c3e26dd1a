"""The task: settings, structure, text, and rules of Killer Sudoku."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import PuzzleStructure, Structure
from trm.data import Description, Graph, Group, IntArray

from . import text as puzzle_text
from .geometry import geometry, symmetry_keys
from .puzzle import Puzzle, mistake, problem

LARGEST = 9  # rows of the largest grid, and cells of the largest cage
Size = Literal[4, 6, 9]


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    size: Size = Field(6, description="rows of the grid: 4, 6 or 9")
    largest_cage: int = Field(4, description="most cells of a cage in generated puzzles", ge=2, le=LARGEST)
    extra_givens: int = Field(
        4, description="training puzzles have 0 to this many given cells more than one solution needs", ge=0
    )
    train_puzzles: int = Field(20_000, description="number of training puzzles", ge=1)
    validation_puzzles: int = Field(500, description="number of validation puzzles", ge=1)
    test_puzzles: int = Field(1000, description="number of test puzzles", ge=1)


def describe(config: Config) -> Description:
    return _described(config.size)


@cache
def _described(size: int) -> Description:
    cells = size**2
    cages = PuzzleStructure(
        groups=["cage"],
        group_numbers={"sum": LARGEST * (LARGEST + 1) // 2, "cells": LARGEST},
        max_groups=cells,
        max_members=cells,
    )
    rows, columns, boxes = (geometry(size).units - [0, size, 2 * size]).T.tolist()
    structure = Structure(
        grid=(size, size),
        relations={"row": rows, "column": columns, "box": boxes},
        alike=[["row", "column"]],
        interchangeable=list(range(1, size + 1)),
        per_puzzle=cages,
    )
    names = (".", *map(str, range(1, size + 1)))
    return Description(vocab_size=size + 1, seq_len=cells, token_names=names, structure=structure)


def row_of(puzzle: Puzzle, config: Config) -> IntArray:
    """Return a puzzle's row `[W]`."""
    cages = [np.flatnonzero(puzzle.cages == cage).tolist() for cage in range(len(puzzle.sums))]
    groups = (
        Group("cage", tuple(cells), (int(total), len(cells))) for cells, total in zip(cages, puzzle.sums, strict=True)
    )
    return describe(config).row(puzzle.givens, Graph(config.size**2, groups=tuple(groups)))


def puzzle_of(row: IntArray, config: Config) -> Puzzle:
    """Return the puzzle of a row `[W]`."""
    graph = describe(config).graph(row)
    cages = np.zeros(config.size**2, np.int64)
    for number, group in enumerate(graph.groups):
        cages[list(group.members)] = number
    sums = np.array([group.numbers[0] for group in graph.groups])
    return Puzzle(np.asarray(row[: config.size**2], np.int64), cages, sums)


def parse(text: str, config: Config) -> list[IntArray]:
    """Read puzzles in the form of the module `text`."""
    return [row_of(puzzle, config) for puzzle in puzzle_text.read(text, config.size)]


def format_row(row: IntArray, config: Config) -> str:
    """Write a puzzle or an answer as one line, which `parse` reads."""
    return puzzle_text.write(puzzle_of(row, config))


def check(row: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer, in one sentence; None if it is right."""
    return mistake(puzzle_of(row, config), np.asarray(answer, np.int64))


def solvable(row: IntArray, config: Config) -> str | None:
    """Return why a puzzle does not have exactly one solution; None if it does."""
    return problem(puzzle_of(row, config))


def symmetry_class(rows: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return the class of each answer, which all symmetric images of a puzzle share."""
    return symmetry_keys(np.asarray(labels, np.int64))
