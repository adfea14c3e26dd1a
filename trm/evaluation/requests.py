"""What the commands ask of a task that scores or solves in its own way: see `TaskSpec.evaluate` and `TaskSpec.solve`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import RenderableType

    from trm.devices import Backend
    from trm.experiment.experiment import Experiment
    from trm.model import TinyRecursiveModel

Item = TypeVar("Item")
Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Goes through a sequence and shows how far it is, under a heading."""


def silently(items: Sequence[Item], heading: str) -> Iterable[Item]:
    """Goes through the items and shows nothing."""
    return items


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What `trm evaluate`, and the end of `trm train`, ask of a task.

    Attributes:
        experiment: its test split is to be scored.
        trained_on: the experiment that the weights come from; another one where the user chose other data.
        model: in evaluation mode, on the device.
        backend: the device.
        steps: supervision steps.
        batch_size: examples predicted at once.
        output: folder for what the task writes beside its scores. It may hold the part that an interrupted evaluation
            got done. None: nothing is written.
        votes: how many symmetric images of a puzzle to vote over, itself among them; None: as many as the task likes.
        limit: how many puzzles to score; None: all.
        training_examples: how many training examples to score as well.
        progress: for long loops.
    """

    experiment: Experiment
    trained_on: Experiment
    model: TinyRecursiveModel
    backend: Backend
    steps: int
    batch_size: int = 128
    output: Path | None = None
    votes: int | None = None
    limit: int | None = None
    training_examples: int = 0
    progress: Progress = silently


@dataclass(frozen=True, kw_only=True)
class SolveRequest:
    """What `trm solve` asks of a task.

    Attributes:
        experiment: the one that the weights come from.
        model: in evaluation mode, on the device.
        backend: the device.
        steps: supervision steps.
        texts: the puzzles as text, each with the name of its source, empty where it was given on the line.
        votes: how many symmetric images of a puzzle to vote over, itself among them; None: as many as the task likes.
        progress: for long loops.
    """

    experiment: Experiment
    model: TinyRecursiveModel
    backend: Backend
    steps: int
    texts: Sequence[tuple[str, str]]
    votes: int | None = None
    progress: Progress = silently


@dataclass(frozen=True, kw_only=True)
class SolvedPuzzle:
    """What a task says to one puzzle.

    Attributes:
        report: for `--json`.
        picture: for people.
        problem: what is wrong with the answer, as far as it can be judged.
    """

    report: dict[str, Any]
    picture: RenderableType
    problem: str | None = None
