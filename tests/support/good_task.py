"""A small task that passes the conformance kit: read a row of symbols backwards.

Its symmetries are the renamings of the symbols, and a puzzle's class is the pattern of its repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.text import Text

from trm import Structure
from trm.data import Description, PuzzleSet
from trm.errors import PuzzleError
from trm.evaluation import Share

SYMBOLS, LENGTH = 5, 6


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    puzzles: int = Field(40, description="puzzles of each split", ge=1)


def describe(config: Config) -> Description:
    return Description(
        vocab_size=SYMBOLS,
        seq_len=LENGTH,
        token_names=tuple("abcde"),
        structure=Structure(
            relations={"mirror": [min(i, LENGTH - 1 - i) for i in range(LENGTH)]},
            interchangeable=list(range(SYMBOLS)),
        ),
    )


def pattern(rows: np.ndarray) -> np.ndarray:
    """Rows with their symbols renamed in the order in which they first appear."""
    renamed = np.empty_like(rows)
    for index, row in enumerate(rows):
        names: dict[int, int] = {}
        renamed[index] = [names.setdefault(int(symbol), len(names)) for symbol in row]
    return renamed


def classes(inputs: np.ndarray, labels: np.ndarray, config: Config) -> np.ndarray:
    return pattern(inputs) @ SYMBOLS ** np.arange(LENGTH)


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    rows = rng.integers(SYMBOLS, size=(config.puzzles * 8, LENGTH))
    rows = rows[(classes(rows, rows, config) % 3 == 0) == (split == "test")][: config.puzzles]
    return PuzzleSet(rows, rows[:, ::-1].copy(), describe(config))


class Renaming:
    def __init__(self, config: Config) -> None:
        self.config = config

    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        names = np.argsort(rng.random((len(inputs), SYMBOLS)), axis=1)
        return self.rename(inputs, names), self.rename(labels, names), names

    def invert(self, predictions: np.ndarray, token: np.ndarray) -> np.ndarray:
        return self.rename(predictions, np.argsort(token, axis=1))

    @staticmethod
    def rename(tokens: np.ndarray, names: np.ndarray) -> np.ndarray:
        renamed = np.take_along_axis(names, np.clip(tokens, 0, None), axis=1)
        return np.where(tokens < 0, tokens, renamed)


class Reversed(Share):
    needs = ("inputs", "predictions")

    def count(self, batch: Any) -> tuple[int, int]:
        right = (batch["inputs"][:, ::-1] == batch["predictions"]).all(axis=1)
        return int(right.sum()), len(right)


class Row:
    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        text = Text(write(inputs, self.config))
        if prediction is not None:
            text.append("\n" + "".join(self.cells(prediction, target)))
        return text

    def cells(self, prediction: Any, target: Any) -> Iterator[str]:
        for index, token in enumerate(prediction):
            yield "abcde"[token] + ("!" if target is not None and token != target[index] else " ")


def write(tokens: Any, config: Config) -> str:
    return "".join("abcde"[token] for token in tokens)


def read(text: str, config: Config) -> list[np.ndarray]:
    if len(text) != LENGTH or set(text) - set("abcde"):
        raise PuzzleError(f"{text!r} is not {LENGTH} of the letters a to e.")
    return [np.array(["abcde".index(symbol) for symbol in text])]


def check(inputs: Any, answer: Any, config: Config) -> str | None:
    return None if (np.asarray(inputs)[::-1] == answer).all() else "It is not the row read backwards."


def solvable(inputs: Any, config: Config) -> str | None:
    return None
