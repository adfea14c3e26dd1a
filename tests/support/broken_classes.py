"""Classes that each break the contract in one way; `broken_plugins` puts them into variants of the good task."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from tests.support.good_task import SYMBOLS, Config, Renaming, Reversed, Row
from trm.data import IGNORED, Description
from trm.evaluation import ExactAccuracy

CALLS = count(100)


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


class Rolling(Renaming):
    """Undoes itself, but a row that is moved by one is not read backwards by a row that is moved by one."""

    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, image_labels, token = super().apply(rng, inputs, labels)
        return np.roll(images, 1, axis=1), np.roll(image_labels, 1, axis=1), token

    def invert(self, predictions: np.ndarray, token: np.ndarray) -> np.ndarray:
        return np.roll(super().invert(predictions, token), -1, axis=1)


class RenamingLetters(Renaming):
    """Renames all symbols but the first, which is a blank."""

    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        names = np.argsort(rng.random((len(inputs), SYMBOLS - 1)), axis=1) + 1
        names = np.concatenate([np.zeros((len(inputs), 1), int), names], axis=1)
        return self.rename(inputs, names), self.rename(labels, names), names


class RaisingAugmentation(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        raise KeyError("no such symbol")


class Exact(ExactAccuracy):
    """The share of exact answers: a metric for the variants that do not read backwards."""


class RaisingMetric(Reversed):
    def count(self, batch: Any) -> tuple[int, int]:
        raise KeyError("no such symbol")


class Described(Row):
    """A renderer that asks for the description, and no bare `TokenRenderer`."""

    def __init__(self, config: Config, description: Description) -> None:
        super().__init__(config)
        self.names = description.token_names

    def render(self, inputs: Any, prediction: Any = None, target: Any = None) -> Any:
        text = super().render(inputs, prediction, target)
        return text.append("".join(self.names[token] for token in inputs))


class Unscoring(Renaming):
    def apply(self, rng: np.random.Generator, inputs: np.ndarray, labels: np.ndarray) -> tuple[Any, Any, Any]:
        images, image_labels, token = super().apply(rng, inputs, labels)
        self.hidden = image_labels[:, :1].copy()
        image_labels[:, 0] = IGNORED
        return images, image_labels, token

    def invert(self, predictions: np.ndarray, token: np.ndarray) -> np.ndarray:
        unscored = predictions[:, :1] == IGNORED
        return super().invert(np.where(unscored, np.hstack([self.hidden, predictions[:, 1:]]), predictions), token)


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


class Unpicklable(Renaming):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pick = lambda row: row
