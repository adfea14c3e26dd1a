"""Requests to a task with its own evaluator or solver; see `TaskSpec.evaluate` and `TaskSpec.solve`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from rich.console import RenderableType

from trm.config import TrainingConfig
from trm.data.puzzle_set import PuzzleSet
from trm.devices import Backend
from trm.evaluation.budget import Budget
from trm.evaluation.refine import Frame, Puzzle
from trm.model import TinyRecursiveModel

Item = TypeVar("Item")
Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Iterates over a sequence and shows progress under a heading."""


def silently(items: Sequence[Item], heading: str) -> Iterable[Item]:
    """Iterate without showing progress."""
    return items


def unheard(count: int) -> None:
    """Ignore a number."""


class TaskData(Protocol):
    """A task's settings and its data. Two of them are equal if they describe the same data.

    Attributes:
        config: the task's settings.
        seed: seed of the data.
    """

    @property
    def config(self) -> BaseModel: ...

    @property
    def seed(self) -> int: ...

    def puzzles(self, split: str) -> PuzzleSet:
        """The puzzles of "train" or "test"."""
        ...

    def identifiers(self) -> Sequence[str]:
        """The names of the puzzle ids, by id."""
        ...


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """A request from `trm evaluate`, or from the end of `trm train`.

    Attributes:
        data: what to score.
        trained_on: what the weights were trained on; different from `data` if the user chose other data.
        training: settings of the training; None for imported weights.
        model: in evaluation mode, on the device.
        backend: the device.
        steps: supervision steps.
        split: "train" or "test".
        batch_size: examples to predict at once.
        output: folder for the files that the task writes beside its scores. It may hold the finished part of an
            interrupted evaluation. None: write nothing.
        votes: symmetric copies of a puzzle to vote over, itself included; None: chosen by the task.
        limit: number of puzzles to score; None: all.
        budget: limit for learning each puzzle at test time; None: do not learn.
        jobs: number of processes that learn at once.
        training_examples: number of training examples to score as well.
        progress: wraps long loops.
        warn: reports a sentence to the user.
        scored: called with the number of puzzles that were scored. Default: all are assumed to be, or `limit` of them.
    """

    data: TaskData
    trained_on: TaskData
    training: TrainingConfig | None
    model: TinyRecursiveModel
    backend: Backend
    steps: int
    split: str = "test"
    batch_size: int = 128
    output: Path | None = None
    votes: int | None = None
    limit: int | None = None
    budget: Budget | None = None
    jobs: int = 1
    training_examples: int = 0
    progress: Progress = silently
    warn: Callable[[str], None] = logging.getLogger(__name__).warning
    scored: Callable[[int], None] = unheard


@dataclass(frozen=True, kw_only=True)
class SolveRequest:
    """A request from `trm solve`.

    Attributes:
        data: what the weights were trained on.
        training: settings of the training; None for imported weights.
        model: in evaluation mode, on the device.
        backend: the device.
        steps: supervision steps.
        texts: the puzzles as text, each with the name of its source, which is empty for text on the command line. The text
            of a folder is empty: the task reads the files in it.
        votes: symmetric copies of a puzzle to vote over, itself included; None: chosen by the task.
        budget: limit for learning each puzzle at test time; None: chosen by the task.
        progress: wraps long loops.
    """

    data: TaskData
    training: TrainingConfig | None
    model: TinyRecursiveModel
    backend: Backend
    steps: int
    texts: Sequence[tuple[str, str]]
    votes: int | None = None
    budget: Budget | None = None
    progress: Progress = silently


@dataclass(frozen=True, kw_only=True)
class UntrainedRequest:
    """A request from `trm solve`, `evaluate`, `trace` or `demo` to a task that learns each puzzle from scratch.

    Attributes:
        config: the task's settings.
        seed: seed of learning.
        budget: limit for learning each puzzle; None: chosen by the task.
        texts: when solving, the puzzles as in `SolveRequest`; when watched, none stands for puzzles that the task chooses.
        output: when scoring, the folder for results, which may hold a part of them. None: write nothing.
        limit: when scoring or watched, the number of puzzles; None: all.
        jobs: number of processes that learn at once when scoring.
        progress: wraps long loops.
        warn: reports a sentence to the user.
        scored: called with the number of puzzles that were scored.
    """

    config: BaseModel
    seed: int = 0
    budget: Budget | None = None
    texts: Sequence[tuple[str, str]] = ()
    output: Path | None = None
    limit: int | None = None
    jobs: int = 1
    progress: Progress = silently
    warn: Callable[[str], None] = logging.getLogger(__name__).warning
    scored: Callable[[int], None] = unheard


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """A request from `trm score`.

    Attributes:
        config: the task's settings.
        text: the text of the file with answers.
        source: its name.
        warn: reports a sentence to the user.
        scored: called with the number of puzzles that were scored.
    """

    config: BaseModel
    text: str
    source: str
    warn: Callable[[str], None] = logging.getLogger(__name__).warning
    scored: Callable[[int], None] = unheard


@dataclass(frozen=True, kw_only=True)
class SolvedPuzzle:
    """A task's answer to one puzzle.

    Attributes:
        report: for `--json`.
        picture: for people.
        problem: what is wrong with the answer, as far as it can be judged; None if nothing is.
        name: what identifies the puzzle in the file of `trm solve --output`. Default: its number.
        answer: the answer as text for that file. Default: the report as JSON.
        valid: whether the answer is right; None if that cannot be judged.
    """

    report: dict[str, Any]
    picture: RenderableType
    problem: str | None = None
    name: str = ""
    answer: str = ""
    valid: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a task that learns each puzzle from scratch comes to its answer.

    Attributes:
        config: the task's settings at the size of the puzzle.
        puzzle: the puzzle.
        frames: the answers on the way, each made when it is asked for.
        steps: the largest number of a step.
        origin: one line that says what learns.
        given: a picture of what it learns from, such as solved examples, shown before the puzzle. Default: nothing.
    """

    config: BaseModel
    puzzle: Puzzle
    frames: Iterator[Frame]
    steps: int
    origin: str
    given: RenderableType | None = None
