"""Tasks that learn each puzzle from scratch: solving and scoring without weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from trm.errors import UsageError
from trm.evaluation.options import SearchOptions
from trm.evaluation.requests import Refinement, UntrainedRequest
from trm.experiment.answering import solved_by_the_task
from trm.experiment.results import Solved
from trm.experiment.task import Task
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.runs.locate import shipped_weights

Hook = Literal["solve_untrained", "evaluate_untrained", "refine_untrained"]


def learns_untrained(task: str, weights: str, hook: Hook) -> bool:
    """Whether a task ships no weights, none are named, and it learns from scratch.

    Args:
        task: the task.
        weights: what the user named; the task itself for its default weights.
        hook: the function of the task that is to be called.
    """
    if weights != task or task not in get_registry().tasks():
        return False
    return getattr(get_registry().task(task), hook) is not None and not shipped_weights(task)


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


def refine_untrained(task: Task, request: UntrainedRequest) -> Iterator[tuple[Task, Refinement]]:
    """Learn puzzles from scratch, and yield how each is learned, with the task at the size of the puzzle.

    Raises:
        PuzzleError: a text is no puzzle.
    """
    assert task.spec.refine_untrained is not None
    for refinement in load(task.spec.refine_untrained)(request):
        yield replace(task, config=refinement.config), refinement


def _request(request: UntrainedRequest, options: SearchOptions) -> UntrainedRequest:
    if replace(options, budget=None, jobs=None) != SearchOptions():
        raise UsageError("Learning from scratch takes --budget, and none of the other options of the search.")
    return replace(request, budget=options.budget, jobs=options.jobs or request.jobs)
