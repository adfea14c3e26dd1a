"""Scoring as the paper's evaluator does: the predictions for all variants of a task are undone, counted and ranked.

`Ballot` scores predictions made anywhere. For predictions as tokens and variants by name::

    task_id, given = undo(variant, crop(input_tokens))
    _, predicted = undo(variant, crop(predicted_tokens))
    ballot.add(task_id, given, predicted, confidence)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from trm.errors import DataError, UsageError
from trm_tasks_arc.grids import Grid, GridKey, as_grid, crop, encode, grid_key
from trm_tasks_arc.tasks import Task, read_task
from trm_tasks_arc.transforms import apply, undo

PASS_AT = (1, 2, 5, 10, 100, 1000)
"""How many candidates the reported scores allow."""

ATTEMPTS = 2
"""Answers to each test input in a submission."""

NO_ANSWER = [[0, 0], [0, 0]]
"""What a submission has where there is no answer, as in Kaggle's sample."""


class Candidate(NamedTuple):
    """One answer to a test input.

    Attributes:
        grid: the answer.
        votes: how many predictions gave it.
        confidence: the mean of their confidences.
    """

    grid: Grid
    votes: int
    confidence: float


@dataclass
class _Tally:
    """The votes for one answer. Confidences are summed one by one, as the paper's evaluator does, since the order of
    two candidates can hang on the last bit.
    """

    grid: Grid
    votes: int = 0
    confidence: float = 0.0


class Ballot:
    """Votes for the outputs of test inputs.

    Candidates for one input are ordered by their number of votes, then by their mean confidence, then by which came
    first (the evaluator of arXiv:2510.04871's code). A new evaluation takes a new ballot, or `clear`.

    Args:
        tasks: id -> ``{"train": [...], "test": [{"input": grid, "output": grid}, ...]}`` as in the JSON files, or
            `Task`. Demonstrations are not needed, outputs only for `pass_at`.

    Raises:
        DataError: a task is malformed.
    """

    def __init__(self, tasks: Mapping[str, Any]) -> None:
        self.tasks = {
            task_id: task if isinstance(task, Task) else read_task(task_id, task, demonstrations=False)
            for task_id, task in tasks.items()
        }
        self._inputs = {task_id: {grid_key(pair.input) for pair in task.test} for task_id, task in self.tasks.items()}
        self.clear()

    def clear(self) -> None:
        """Forget all votes."""
        self._tallies: dict[tuple[str, GridKey], dict[GridKey, _Tally]] = {}

    def add(self, task_id: str, input_grid: Any, predicted_grid: Any, confidence: float) -> None:
        """Count one prediction.

        Args:
            task_id: the task's id, not a variant's name.
            input_grid: the test input, as the task has it.
            predicted_grid: the predicted output, undone like the input. The empty grid counts, and is never right.
            confidence: the sigmoid of the halting logit.

        Raises:
            DataError: there is no such task, it has no such test input, or something is no grid or no number.
        """
        key = self._input_key(task_id, input_grid)
        predicted = as_grid(predicted_grid, f"A prediction for task {task_id}", empty=True)
        confidence = _as_number(confidence, task_id)
        answer = grid_key(predicted)
        tally = self._tallies.setdefault((task_id, key), {}).setdefault(answer, _Tally(predicted))
        tally.votes += 1
        tally.confidence += confidence

    def candidates(self, task_id: str, input_grid: Any) -> list[Candidate]:
        """The answers to a test input with their votes, best first.

        Raises:
            DataError: there is no such task, or it has no such test input.
        """
        tallies = self._tallies.get((task_id, self._input_key(task_id, input_grid)), {})
        found = [Candidate(tally.grid, tally.votes, tally.confidence / tally.votes) for tally in tallies.values()]
        return sorted(found, key=lambda candidate: (-candidate.votes, -candidate.confidence))

    def ranked(self, task_id: str, input_grid: Any) -> list[Grid]:
        """The answers to a test input, best first; none where nothing was predicted.

        Raises:
            DataError: there is no such task, or it has no such test input.
        """
        return [candidate.grid for candidate in self.candidates(task_id, input_grid)]

    def pass_at(self, k: int) -> float:
        """The mean over the tasks of the share of test inputs whose output is among the first `k` candidates.

        A test input without predictions counts as wrong.

        Raises:
            UsageError: `k` is below 1.
            DataError: there are no tasks, or some have no solutions.
        """
        if k < 1:
            raise UsageError(f"pass@{k} means nothing: at least one attempt is needed.")
        self._check_solutions()
        return sum(self._solved_share(task, k) for task in self.tasks.values()) / len(self.tasks)

    def submission(self) -> dict[str, list[dict[str, list[list[int]]]]]:
        """The two best answers to every test input in the form of Kaggle's `submission.json`.

        Every test input keeps its place. A single answer is given twice; where there is none, or the empty grid, which
        Kaggle can't read, `NO_ANSWER` stands.
        """
        return {
            task_id: [_attempts(self.ranked(task_id, pair.input)) for pair in task.test]
            for task_id, task in self.tasks.items()
        }

    @property
    def unsolved(self) -> list[str]:
        """The tasks with test inputs whose outputs are not known."""
        return [task.id for task in self.tasks.values() if not task.solved]

    def _solved_share(self, task: Task, k: int) -> float:
        solved = 0
        for pair in task.test:
            assert pair.output is not None
            right = grid_key(pair.output)
            solved += any(grid_key(grid) == right for grid in self.ranked(task.id, pair.input)[:k])
        return solved / len(task.test)

    def _input_key(self, task_id: str, input_grid: Any) -> GridKey:
        if task_id not in self._inputs:
            raise DataError(
                f"There is no task {task_id!r} among the {len(self.tasks)} to be scored. "
                "Predictions and tasks must be of the same data set, and variants' names go through `undo` first."
            )
        key = grid_key(as_grid(input_grid, f"An input of task {task_id}"))
        if key not in self._inputs[task_id]:
            raise DataError(
                f"Task {task_id} has no such test input. Predictions and tasks must be of the same data set."
            )
        return key

    def _check_solutions(self) -> None:
        if not self.tasks:
            raise DataError("There are no tasks to score.")
        if self.unsolved:
            raise DataError(
                f"{len(self.unsolved)} of {len(self.tasks)} tasks have no solutions, {self.unsolved[0]} among them, so nothing can "
                "be scored. Put the file of solutions beside the challenges; a submission needs none."
            )


def _as_number(confidence: Any, task_id: str) -> float:
    try:
        number = float(confidence)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"A prediction for task {task_id} has the confidence {confidence!r}, which is no number.")
    return number


def _attempts(ranked: list[Grid]) -> dict[str, list[list[int]]]:
    best = [grid.tolist() or NO_ANSWER for grid in ranked[:ATTEMPTS]] or [NO_ANSWER]
    best += [best[0]] * (ATTEMPTS - len(best))
    return {f"attempt_{number}": answer for number, answer in enumerate(best, start=1)}


__all__ = ["ATTEMPTS", "PASS_AT", "Ballot", "Candidate", "apply", "crop", "encode", "undo"]
