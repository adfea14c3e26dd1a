"""Tasks that learn each puzzle from scratch: solving and scoring without weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trm.errors import UsageError
from trm.evaluation.options import SearchOptions
from trm.evaluation.requests import UntrainedRequest
from trm.experiment.answering import solved_by_the_task
from trm.experiment.results import Solved
from trm.experiment.task import Task
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.runs.locate import shipped_weights


def learns_untrained(task: str, weights: str, *, solving: bool) -> bool:
    """Whether a task ships no weights, none are named, and it learns from scratch.

    Args:
        task: the task.
        weights: what the user named; the task itself for its default weights.
        solving: whether puzzles are solved, else scored.
    """
    if weights != task or task not in get_registry().tasks():
        return False
    spec = get_registry().task(task)
    return (spec.solve_untrained if solving else spec.evaluate_untrained) is not None and not shipped_weights(task)


def solve_untrained(task: Task, request: UntrainedRequest, options: SearchOptions) -> Iterator[Solved]:
    """Solve puzzles by learning each from scratch.

    Raises:
        UsageError: the task has no use for an option.
        PuzzleError: a text is no puzzle.
    """
    assert task.spec.solve_untrained is not None
    yield from solved_by_the_task(load(task.spec.solve_untrained)(_request(request, options)))


def evaluate_untrained(task: Task, request: UntrainedRequest, options: SearchOptions) -> dict[str, float]:
    """Score a task that learns each puzzle from scratch.

    Raises:
        UsageError: the task has no use for an option.
        DataError: the data cannot be read.
    """
    assert task.spec.evaluate_untrained is not None
    scores: dict[str, float] = load(task.spec.evaluate_untrained)(_request(request, options))
    return scores


def _request(request: UntrainedRequest, options: SearchOptions) -> UntrainedRequest:
    if replace(options, budget=None, jobs=None) != SearchOptions():
        raise UsageError("Learning from scratch takes --budget, and none of the other options of the search.")
    return replace(request, budget=options.budget, jobs=options.jobs or request.jobs)
