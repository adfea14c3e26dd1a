"""The puzzle: a 6x6 square in which every row, column and long diagonal holds 1 to 6 once. Some cells are given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.text import Text

from trm import Structure
from trm.data import Description, IntArray, PuzzleSet
from trm.errors import PuzzleError
from trm.evaluation import Share

from . import squares
from .squares import CELLS, LINES, SIZE

TOKENS = ".123456"  # token 0 is an empty cell
BLANKS = ".0_-*"  # what stands for an empty cell in a text
NAMES = (
    *(f"Row {number}" for number in range(1, SIZE + 1)),
    *(f"Column {number}" for number in range(1, SIZE + 1)),
    "The diagonal from the top left",
    "The diagonal from the top right",
)
BLOCK = 500  # puzzles that are generated at once


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    givens: int = Field(10, description="fewest given cells; more if one solution needs more", ge=5, le=CELLS)
    spread: int = Field(8, description="puzzles have up to this many given cells more", ge=0, le=CELLS)
    train_puzzles: int = Field(4000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(500, description="number of test puzzles", ge=1)


def describe(config: Config) -> Description:
    rows, columns = np.divmod(np.arange(CELLS), SIZE)
    diagonals = np.arange(CELLS)  # a cell on no diagonal is a group of its own
    for line in LINES[-2:]:
        diagonals[line] = line[0]
    structure = Structure(
        grid=(SIZE, SIZE),
        relations={"row": rows.tolist(), "column": columns.tolist(), "diagonal": diagonals.tolist()},
        alike=[["row", "column"]],
        interchangeable=list(range(1, SIZE + 1)),
    )
    return Description(vocab_size=SIZE + 1, seq_len=CELLS, token_names=tuple(TOKENS), structure=structure, unknown_id=0)


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate puzzles. Those of the larger class of squares are for training, those of the smaller one for the test.

    No rearrangement and no renaming turns a test answer into a training answer.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    count = config.test_puzzles if split == "test" else config.train_puzzles
    larger = squares.classes() == np.bincount(squares.classes()).argmax()
    pool = squares.squares()[larger == (split == "train")]
    parts = [make(config, pool, rng) for _ in range(0, count, BLOCK)]
    inputs, labels = (np.concatenate(arrays)[:count] for arrays in zip(*parts, strict=True))
    return PuzzleSet(inputs, labels, describe(config))


def make(config: Config, pool: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return puzzles and answers `[500, 36]` whose squares are of the pool `[N, 36]`."""
    digits = rng.permuted(np.tile(np.arange(1, SIZE + 1), (BLOCK, 1)), axis=1)
    answers = np.take_along_axis(digits, pool[rng.integers(len(pool), size=BLOCK)] - 1, axis=1)
    wanted = rng.integers(config.givens, config.givens + config.spread + 1, size=BLOCK)
    return squares.dig(rng, answers, wanted), answers


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return the class of each answer, which all images of a puzzle share."""
    return squares.classes()[squares.numbers(labels)]


class Rearranged:
    """Rearranges rows and columns such that rows, columns and diagonals stay together."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def apply(
        self, rng: np.random.Generator, inputs: IntArray, labels: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        orders = squares.symmetries()
        token = orders[rng.integers(len(orders), size=len(inputs))]
        return np.take_along_axis(inputs, token, axis=1), np.take_along_axis(labels, token, axis=1), token

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        return np.take_along_axis(predictions, np.argsort(token, axis=1), axis=1)


class CompleteLines(Share):
    """The share of the 14 lines that hold all six digits."""

    def count(self, batch: Mapping[str, IntArray]) -> tuple[int, int]:
        lines = np.sort(batch["predictions"][:, LINES], axis=2)
        complete = (lines == np.arange(1, SIZE + 1)).all(axis=2)
        return int(complete.sum()), complete.size


class Square:
    """One digit per cell: bold if given, with an exclamation mark if wrong."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        text = Text()
        for cell, token in enumerate(inputs if prediction is None else prediction):
            wrong = target is not None and token != target[cell]
            style = "bold red" if wrong else "bold" if inputs[cell] else "" if token else "dim"
            text.append(TOKENS[token] + ("!" if wrong else " "), style)
            text.append("\n" * (cell % SIZE == SIZE - 1))
        return text


def parse(text: str, config: Config) -> list[IntArray]:
    """Read puzzles of 36 cells, in lines of any length; spaces don't count."""
    cells = "".join(text.split())
    for place, letter in enumerate(cells, start=1):
        if letter not in TOKENS + BLANKS:
            raise PuzzleError(f"Cell {place} is {letter!r}. A cell is a digit from 1 to 6, or '.' if it is empty.")
    if not cells or len(cells) % CELLS:
        raise PuzzleError(f"The text has {len(cells)} cells, a puzzle has {CELLS}.")
    return list(np.array([0 if letter in BLANKS else int(letter) for letter in cells]).reshape(-1, CELLS))


def format_tokens(tokens: IntArray, config: Config) -> str:
    """Write a puzzle or an answer as one line, which `parse` reads."""
    return "".join(TOKENS[token] for token in tokens)


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer, in one sentence; None if it is right."""
    if (answer == 0).any():
        return "A cell is empty."
    if ((inputs != 0) & (inputs != answer)).any():
        return "A given cell has another digit."
    return repeated(answer)


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return why a puzzle does not have exactly one solution; None if it does."""
    if problem := repeated(inputs):
        return problem
    found = squares.solutions(inputs)
    if not found:
        return "The square has no solution."
    return "The square has more than one solution." if found > 1 or not squares.named(inputs) else None


def repeated(tokens: IntArray) -> str | None:
    """Return which line has a digit twice, in one sentence; None if no line has. Empty cells don't count."""
    for name, line in zip(NAMES, LINES, strict=True):
        counts = np.bincount(tokens[line], minlength=SIZE + 1)[1:]
        if counts.max() > 1:
            return f"{name} has more than one {counts.argmax() + 1}."
    return None
