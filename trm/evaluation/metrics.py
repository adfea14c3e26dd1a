"""The interface of metrics, and the two that every task has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from trm.data.puzzle_set import IGNORED, IntArray


class Metric(Protocol):
    """A score that is accumulated over batches. Batches hold only puzzles with a known answer.

    Attributes:
        needs: which arrays `update` reads, of "inputs", "labels", "predictions" (``[B, L]``; labels -100 where not
            scored), "halt_logits" (``[B]``) and "logits" (``[B, L, V]``).
    """

    needs: tuple[str, ...]

    def update(self, batch: Mapping[str, Any]) -> None:
        """Count one batch."""
        ...

    def compute(self) -> float:
        """The score over all counted batches."""
        ...

    def reset(self) -> None:
        """Forget all counts."""
        ...

    def merge(self, other: Self) -> None:
        """Add the counts of another process."""
        ...


class Share:
    """Base class of metrics that are a ratio of two counts."""

    needs: tuple[str, ...] = ("labels", "predictions")

    def __init__(self, config: Any = None) -> None:
        self.config = config
        self.reset()

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        """The two counts of a batch: hits and total."""
        raise NotImplementedError

    def update(self, batch: Mapping[str, Any]) -> None:
        hits, total = self.count(batch)
        self.hits += int(hits)
        self.total += int(total)

    def compute(self) -> float:
        return self.hits / self.total if self.total else 0.0

    def reset(self) -> None:
        self.hits, self.total = 0, 0

    def merge(self, other: Self) -> None:
        self.hits += other.hits
        self.total += other.total


class ValidAnswers(Share):
    """Base class of metrics that judge answers one by one, such as by the task's rules: the share of the valid ones."""

    needs = ("inputs", "predictions")

    def is_valid(self, inputs: IntArray, answer: IntArray) -> bool:
        """Whether an answer ``[L]`` to a puzzle ``[L]``, or to a row ``[W]``, is valid. Answers include padding."""
        raise NotImplementedError

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        valid = [self.is_valid(*pair) for pair in zip(batch["inputs"], batch["predictions"], strict=True)]
        return sum(valid), len(valid)


def known_rows(labels: Any) -> npt.NDArray[np.bool_]:
    """Which of some puzzles, by labels ``[B, L]``, have a known answer: at least one position is scored."""
    known: npt.NDArray[np.bool_] = (labels != IGNORED).any(axis=1)
    return known


class CellAccuracy(Share):
    """The share of the scored positions that are right."""

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        scored = batch["labels"] != IGNORED
        return int(((batch["predictions"] == batch["labels"]) & scored).sum()), int(scored.sum())


class ExactAccuracy(Share):
    """The share of the puzzles with every scored position right, among those with a known answer."""

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        right = (batch["predictions"] == batch["labels"]) | (batch["labels"] == IGNORED)
        known = known_rows(batch["labels"])
        return int((np.all(right, axis=1) & known).sum()), int(known.sum())
