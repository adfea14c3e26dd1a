"""Lights Out: a button toggles its own light and its neighbours. The answer is the set of buttons that turns all off."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.text import Text

from trm import Structure
from trm.data import Description, IntArray, PuzzleSet
from trm.errors import PuzzleError
from trm.evaluation import Share

LIGHTS = ".#"  # in a puzzle, token 0 is a light that is off, and 1 a light that is on
BUTTONS = ".X"  # in an answer, token 1 is a button to press


class Config(BaseModel):
    """Settings of the task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int = Field(5, description="number of rows and columns of the board", ge=3, le=8)
    presses: int = Field(15, description="maximum number of presses of the shortest answer", ge=1)
    train_puzzles: int = Field(20000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(1000, description="number of test puzzles", ge=1)


def describe(config: Config) -> Description:
    """Return vocabulary, length and structure of a board."""
    size = config.size
    rows, columns = np.divmod(np.arange(size**2), size)
    structure = Structure(
        grid=(size, size),
        relations={"row": rows.tolist(), "column": columns.tolist()},
        neighbours=[(0, 1), (1, 0), (0, -1), (-1, 0)],
    )
    return Description(vocab_size=2, seq_len=size**2, token_names=("off", "on"), structure=structure)


@cache
def wiring(size: int) -> IntArray:
    """Return the lights that each button toggles, [L, L]. Presses [N, L] make the boards `presses @ wiring % 2`."""
    rows, columns = np.divmod(np.arange(size**2), size)
    distance = abs(rows[:, None] - rows) + abs(columns[:, None] - columns)
    return (distance <= 1).astype(np.int64)


@cache
def quiet(size: int) -> IntArray:
    """Return all sets of buttons [K, L] that change no light: four on a 5x5 board, only the empty one on 6x6."""
    presses = np.zeros((2**size, size, size), dtype=np.int64)
    presses[:, 0] = np.arange(2**size)[:, None] >> np.arange(size) & 1
    flat = presses.reshape(len(presses), -1)  # a view, which includes the presses added below
    for row in range(1, size):  # only the button below a light can still turn it off
        presses[:, row] = (flat @ wiring(size) % 2).reshape(presses.shape)[:, row - 1]
    silent: IntArray = flat[~(flat @ wiring(size) % 2).any(axis=1)]
    return silent


def fewest(presses: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the equivalent of `presses` [N, L] with the fewest presses [N, L], and whether it is unique [N]."""
    answers = presses[:, None] ^ quiet(size)
    counts = answers.sum(axis=2)
    least = counts.min(axis=1, keepdims=True)
    return answers[np.arange(len(presses)), counts.argmin(axis=1)], (counts == least).sum(axis=1) == 1


def images(boards: IntArray, size: int) -> IntArray:
    """Return the eight rotated and mirrored images [N, 8, L] of boards [N, L]."""
    return boards[:, symmetries(size)]


@cache
def symmetries(size: int) -> IntArray:
    """Return the cell indices [8, L] that produce each rotated or mirrored image."""
    cells = np.arange(size**2).reshape(size, size)
    return np.array([np.rot90(side, turns).ravel() for side in (cells, cells.T) for turns in range(4)])


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return a number [N] that all images of a board share: the smallest, read as a binary number."""
    powers = 1 << np.arange(config.size**2, dtype=np.uint64)
    numbers = images(inputs.astype(np.uint64), config.size) @ powers
    least: IntArray = numbers.min(axis=1)
    return least


def in_test(classes: IntArray) -> IntArray:
    """Return which classes [N] belong to the test split: one tenth, chosen by a multiplicative hash."""
    return (classes * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(10) == 0


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Build a split. The symmetry class of a board decides its split."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    count = config.test_puzzles if split == "test" else config.train_puzzles
    inputs, answers = (np.zeros((0, config.size**2), dtype=np.int64) for _ in range(2))
    while len(inputs) < count:
        boards, presses = draw(rng, config, count)
        wanted = in_test(symmetry_class(boards, presses, config)) == (split == "test")
        inputs, answers = np.concatenate([inputs, boards[wanted]]), np.concatenate([answers, presses[wanted]])
    return PuzzleSet(inputs[:count], answers[:count], describe(config))


def draw(rng: np.random.Generator, config: Config, count: int) -> tuple[IntArray, IntArray]:
    """Draw about `count` boards with their answers. All numbers of buttons are equally likely."""
    cells = config.size**2
    number = rng.integers(1, min(config.presses, cells) + 1, size=(count, 1))
    presses = (rng.random((count, cells)).argsort(axis=1) < number).astype(np.int64)
    answers, only = fewest(presses, config.size)
    return answers[only] @ wiring(config.size) % 2, answers[only]


class Turn:
    """Rotates and mirrors boards at random."""

    def __init__(self, config: Config) -> None:
        self.symmetries = symmetries(config.size)

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Any]:
        cells = self.symmetries[rng.integers(8, size=len(inputs))]
        return np.take_along_axis(inputs, cells, 1), np.take_along_axis(labels, cells, 1), cells

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        return np.take_along_axis(predictions, token.argsort(axis=1), 1)


class Solved(Share):
    """Fraction of answers that turn all lights off, whether or not they are the shortest."""

    needs = ("inputs", "predictions")

    def count(self, batch: Any) -> tuple[int, int]:
        inputs, predictions = batch["inputs"], batch["predictions"]
        size = round(inputs.shape[1] ** 0.5)
        return int((predictions @ wiring(size) % 2 == inputs).all(axis=1).sum()), len(inputs)


class Board:
    """Draws the lights as `#` and, if there is an answer, the buttons beside them as `X`."""

    def __init__(self, config: Config) -> None:
        self.size = config.size

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        text = Text()
        for row in range(self.size):
            cells = range(row * self.size, (row + 1) * self.size)
            for cell in cells:
                text.append(LIGHTS[inputs[cell]] + " ", "bold yellow" if inputs[cell] else "dim")
            if prediction is not None:
                text.append("  ")
                for cell in cells:
                    wrong = target is not None and prediction[cell] != target[cell]
                    text.append(BUTTONS[prediction[cell]] + ("!" if wrong else " "), "bold red" if wrong else "")
            text.append("\n")
        return text


def parse(text: str, config: Config) -> list[IntArray]:
    """Parse boards [L] from text, on one or several lines. White space is ignored.

    Raises:
        PuzzleError: the text contains another character, or does not have the size of a board.
    """
    cells, length = "".join(text.split()), config.size**2
    for place, letter in enumerate(cells, start=1):
        if letter not in LIGHTS:
            raise PuzzleError(
                f"Cell {place} is {letter!r}. Write '#' for a light that is on and '.' for a light that is off."
            )
    if not cells or len(cells) % length:
        raise PuzzleError(f"The text has {len(cells)} cells. Expected {length} for each board.")
    return list(np.array([LIGHTS.index(letter) for letter in cells]).reshape(-1, length))


def format_tokens(tokens: IntArray, config: Config) -> str:
    """Format tokens [L] as text that `parse` reads."""
    return "".join(LIGHTS[token] for token in tokens)


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer as one sentence; None if it turns all lights off."""
    left = int(((answer @ wiring(config.size) + inputs) % 2).sum())
    return f"{left} lights stay on." if left else None


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return why a board has no answer; None if it has one.

    Each set of buttons that changes no light contains an even number of the lights that are on in a solvable board.
    """
    if (quiet(config.size) @ inputs % 2).any():
        return "No set of buttons turns all of these lights off."
    return None
