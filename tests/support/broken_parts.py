"""A small task that passes the conformance kit, and one variant of it for each way to break the contract.

The puzzle: read a row of symbols backwards. Its symmetries are the renamings of the symbols, and a puzzle's class is the
pattern of its repetitions. `broken_plugins` registers the variants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table
from rich.text import Text

from trm import Structure
from trm.data import Description, PuzzleSet
from trm.errors import PuzzleError
from trm.evaluation import Share

SYMBOLS, LENGTH = 5, 6
IGNORED = -100

# The good task.


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


# What is broken, each in one way.


class NoDefault(Config):
    length: int = Field(description="no default")


class Tolerant(Config):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Undescribed(Config):
    other: int = 3


class Shrinking(Config):
    """A validator that is not idempotent."""

    def model_post_init(self, _: Any) -> None:
        object.__setattr__(self, "puzzles", self.puzzles - 1)


def describe_names(config: Config) -> Description:
    return replace(describe(config), token_names=tuple("abcd"))


def describe_pad(config: Config) -> Description:
    return replace(describe(config), pad_id=SYMBOLS)


def describe_grid(config: Config) -> Description:
    return replace(describe(config), structure=Structure(grid=(2, 4)))


def describe_relation(config: Config) -> Description:
    return replace(describe(config), structure=Structure(relations={"mirror": [0, 1]}))


def describe_interchangeable(config: Config) -> Description:
    return replace(describe(config), structure=Structure(interchangeable=[1, SYMBOLS]))


def build_arrays(config: Config, split: str, seed: int) -> Any:
    puzzles = build(config, split, seed)
    return puzzles.inputs, puzzles.labels


def build_empty(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, seed).head(0 if split == "test" else 40)


def build_floats(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, labels=puzzles.labels.astype(float))


def build_undescribed(config: Config, split: str, seed: int) -> PuzzleSet:
    return replace(build(config, split, seed), description=describe_names(config))


def build_outside(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, inputs=puzzles.inputs + 1)


def build_unscored(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, labels=np.full_like(puzzles.labels, IGNORED))


def build_ids(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, puzzle_ids=np.arange(len(puzzles)))


CALLS = count(100)


def build_unseeded(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, next(CALLS))


def build_one_seed(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, 0)


def build_shifted(config: Config, split: str, seed: int) -> PuzzleSet:
    rows = [np.random.default_rng(seed + index).integers(SYMBOLS, size=LENGTH) for index in range(40)]
    inputs = np.array(rows)
    return PuzzleSet(inputs, inputs[:, ::-1].copy(), describe(config))


def build_same_splits(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, "train", seed)


def build_renamed_splits(config: Config, split: str, seed: int) -> PuzzleSet:
    """The test puzzles are training puzzles with one more renaming."""
    puzzles = build(config, "train", seed)
    if split == "train":
        return puzzles
    names = np.tile((np.arange(SYMBOLS) + 1) % SYMBOLS, (len(puzzles), 1))
    return replace(
        puzzles, inputs=Renaming.rename(puzzles.inputs, names), labels=Renaming.rename(puzzles.labels, names)
    )


def classes_of_rows(inputs: np.ndarray, labels: np.ndarray, config: Config) -> np.ndarray:
    return inputs @ SYMBOLS ** np.arange(LENGTH)


def build_blind(config: Config, split: str, seed: int) -> PuzzleSet:
    """The labels don't depend on the inputs, which are all the same."""
    puzzles = build(config, split, seed)
    return replace(puzzles, inputs=np.zeros_like(puzzles.inputs))


class InPlace(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, image_labels, token = super().apply(rng, inputs, labels)
        inputs[:] = images
        return inputs, image_labels, token


class Cropping(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, image_labels, token = super().apply(rng, inputs, labels)
        return images[:, :-1], image_labels, token


class Identity(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        return inputs, labels, np.tile(np.arange(SYMBOLS), (len(inputs), 1))


class OwnGenerator(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        return super().apply(np.random.default_rng(next(CALLS)), inputs, labels)


class TwiceForward(Renaming):
    def invert(self, predictions: np.ndarray, token: np.ndarray) -> np.ndarray:
        return self.rename(predictions, token)


class InputsOnly(Renaming):
    """Renames the symbols of the inputs, and those of the labels otherwise."""

    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, _, token = super().apply(rng, inputs, labels)
        return images, np.ascontiguousarray(super().apply(rng, inputs, labels)[1]), token

    def invert(self, predictions: np.ndarray, token: np.ndarray) -> np.ndarray:
        return predictions


class Unscoring(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, image_labels, token = super().apply(rng, inputs, labels)
        image_labels[:, 0] = IGNORED
        return images, image_labels, token


class Forgetful(Reversed):
    """Never finds an answer perfect."""

    def count(self, batch: Any) -> tuple[int, int]:
        right, total = super().count(batch)
        return right, total + 1


class Lenient(Reversed):
    """Looks at the puzzle in place of the answer."""

    def count(self, batch: Any) -> tuple[int, int]:
        return len(batch["inputs"]), len(batch["inputs"])


class Averaging(Reversed):
    def merge(self, other: Any) -> None:
        mine, theirs = self.compute(), other.compute()
        self.hits, self.total = (mine + theirs) / 2, 1


class Draining(Reversed):
    def compute(self) -> float:
        value = super().compute()
        self.hits = 0
        return value


class Remembering(Reversed):
    def reset(self) -> None:
        self.hits, self.total = getattr(self, "hits", 0), 0


class Wide(Row):
    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        table = Table()
        table.add_row(*["symbol " + "abcde"[token] * 20 for token in inputs])
        return table


class Blank(Row):
    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        return Text("")


class Scribbling(Row):
    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        text = super().render(inputs, prediction, target)
        inputs[0] = (inputs[0] + 1) % SYMBOLS
        return text


class Counting(Row):
    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        return super().render(inputs, prediction, target).append(f" {next(CALLS)}")


class ColourOnly(Row):
    def cells(self, prediction: Any, target: Any) -> Iterator[str]:
        return ("abcde"[token] for token in prediction)


class Crashing(Row):
    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        raise KeyError("no such symbol")


def read_shifted(text: str, config: Config) -> list[np.ndarray]:
    return [(row + 1) % SYMBOLS for row in read(text, config)]


def read_carelessly(text: str, config: Config) -> list[np.ndarray]:
    return [np.array(["abcde".index(symbol) for symbol in text])]


def read_anything(text: str, config: Config) -> list[np.ndarray]:
    return [np.array(["abcde".index(symbol) if symbol in "abcde" else 0 for symbol in text])]


def check_nothing(inputs: Any, answer: Any, config: Config) -> str | None:
    return None


def check_forward(inputs: Any, answer: Any, config: Config) -> str | None:
    return None if (np.asarray(inputs) == answer).all() else "It is not the row."


def solvable_never(inputs: Any, config: Config) -> str | None:
    return "There is no answer."


class Unpicklable(Renaming):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pick = lambda row: row
