"""Lights Out: a button toggles its own light and those next to it; which buttons turn all lights off?"""

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

LIGHTS = ".#"  # in a puzzle, token 0 is a light that is off and 1 one that is on
BUTTONS = ".X"  # in an answer, token 1 is a button to press


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    size: int = Field(5, description="rows and columns of the board", ge=3, le=8)
    presses: int = Field(15, description="buttons that the shortest answer presses at most", ge=1)
    train_puzzles: int = Field(20000, description="puzzles to train on", ge=1)
    test_puzzles: int = Field(1000, description="puzzles to test on", ge=1)


def describe(config: Config) -> Description:
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
    """Which lights [L] each of the buttons [L] toggles; the board that presses [N, L] make is `presses @ wiring % 2`."""
    rows, columns = np.divmod(np.arange(size**2), size)
    distance = abs(rows[:, None] - rows) + abs(columns[:, None] - columns)
    return (distance <= 1).astype(np.int64)


@cache
def quiet(size: int) -> IntArray:
    """All sets of buttons [K, L] that change no light: four on a 5x5 board, only the empty one on 6x6."""
    presses = np.zeros((2**size, size, size), dtype=np.int64)
    presses[:, 0] = np.arange(2**size)[:, None] >> np.arange(size) & 1
    flat = presses.reshape(len(presses), -1)  # a view: what is pressed below is seen in it
    for row in range(1, size):  # a light that is on can now be turned off by the button below it only
        presses[:, row] = (flat @ wiring(size) % 2).reshape(presses.shape)[:, row - 1]
    silent: IntArray = flat[~(flat @ wiring(size) % 2).any(axis=1)]
    return silent


def fewest(presses: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Of all answers that do what `presses` [N, L] do, the one of fewest presses [N, L], and whether there is just one [N]."""
    answers = presses[:, None] ^ quiet(size)
    counts = answers.sum(axis=2)
    least = counts.min(axis=1, keepdims=True)
    return answers[np.arange(len(presses)), counts.argmin(axis=1)], (counts == least).sum(axis=1) == 1


def images(boards: IntArray, size: int) -> IntArray:
    """The eight turned and mirrored images [N, 8, L] of boards [N, L]."""
    return boards[:, symmetries(size)]


@cache
def symmetries(size: int) -> IntArray:
    """The cells [8, L] from which each turned or mirrored image takes its own."""
    cells = np.arange(size**2).reshape(size, size)
    return np.array([np.rot90(side, turns).ravel() for side in (cells, cells.T) for turns in range(4)])


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """One number [N] for all images of a board: the least, read as a binary number."""
    powers = 1 << np.arange(config.size**2, dtype=np.uint64)
    numbers = images(inputs.astype(np.uint64), config.size) @ powers
    least: IntArray = numbers.min(axis=1)
    return least


def in_test(classes: IntArray) -> IntArray:
    """A tenth of the classes [N], scattered by a multiplicative hash."""
    return (classes * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(10) == 0


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    count = config.test_puzzles if split == "test" else config.train_puzzles
    inputs, answers = (np.zeros((0, config.size**2), dtype=np.int64) for _ in range(2))
    while len(inputs) < count:
        boards, presses = draw(rng, config, count)
        wanted = in_test(symmetry_class(boards, presses, config)) == (split == "test")
        inputs, answers = np.concatenate([inputs, boards[wanted]]), np.concatenate([answers, presses[wanted]])
    return PuzzleSet(inputs[:count], answers[:count], describe(config))


def draw(rng: np.random.Generator, config: Config, count: int) -> tuple[IntArray, IntArray]:
    """About `count` boards with their answers, each number of buttons drawn equally often."""
    cells = config.size**2
    number = rng.integers(1, min(config.presses, cells) + 1, size=(count, 1))
    presses = (rng.random((count, cells)).argsort(axis=1) < number).astype(np.int64)
    answers, only = fewest(presses, config.size)
    return answers[only] @ wiring(config.size) % 2, answers[only]


class Turn:
    """Quarter turns and mirror images."""

    def __init__(self, config: Config) -> None:
        self.symmetries = symmetries(config.size)

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Any]:
        cells = self.symmetries[rng.integers(8, size=len(inputs))]
        return np.take_along_axis(inputs, cells, 1), np.take_along_axis(labels, cells, 1), cells

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        return np.take_along_axis(predictions, token.argsort(axis=1), 1)


class Solved(Share):
    """The share of answers that turn all lights off, be they the shortest or not."""

    needs = ("inputs", "predictions")

    def count(self, batch: Any) -> tuple[int, int]:
        inputs, predictions = batch["inputs"], batch["predictions"]
        size = round(inputs.shape[1] ** 0.5)
        return int((predictions @ wiring(size) % 2 == inputs).all(axis=1).sum()), len(inputs)


class Board:
    """The lights as `#` and, with an answer, the buttons beside them as `X`."""

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
    """Boards from text, line by line or all on one line; spaces don't count."""
    cells, length = "".join(text.split()), config.size**2
    for place, letter in enumerate(cells, start=1):
        if letter not in LIGHTS:
            raise PuzzleError(
                f"Cell {place} is {letter!r}. A cell is '#' where the light is on, or '.' where it is off."
            )
    if not cells or len(cells) % length:
        raise PuzzleError(f"The text has {len(cells)} cells, a board has {length}.")
    return list(np.array([LIGHTS.index(letter) for letter in cells]).reshape(-1, length))


def format_tokens(tokens: IntArray, config: Config) -> str:
    """What `parse` reads."""
    return "".join(LIGHTS[token] for token in tokens)


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """What is wrong with an answer, in one sentence; None if it turns all lights off."""
    left = int(((answer @ wiring(config.size) + inputs) % 2).sum())
    return f"{left} lights stay on." if left else None


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Why no set of buttons turns all lights off: quiet sets of buttons touch an even number of lights of a solvable board."""
    if (quiet(config.size) @ inputs % 2).any():
        return "No set of buttons turns all of these lights off."
    return None
