"""Scoring as in the paper's evaluator: the predictions for all variants of a task are undone, counted and ranked.

`Ballot` scores predictions from any source. For predicted tokens and names of variants::

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
from trm_tasks_arc.pairs import Task, read_task
from trm_tasks_arc.transforms import apply, undo

PASS_AT = (1, 2, 5, 10, 100, 1000)
"""Numbers of candidates in the reported scores."""

ATTEMPTS = 2
"""Number of answers to each test input in a submission."""

NO_ANSWER = [[0, 0], [0, 0]]
"""Placeholder in a submission if there is no answer, as in Kaggle's sample."""


class Candidate(NamedTuple):
    """One answer to a test input.

    Attributes:
        grid: the answer.
        votes: number of predictions of this answer.
        confidence: their mean confidence.
    """

    grid: Grid
    votes: int
    confidence: float


@dataclass
class _Tally:
    """The votes for one answer.

    Confidences are summed one by one, as in the paper's evaluator, since the last bit can decide the order of candidates.
    """

    grid: Grid
    votes: int = 0
    confidence: float = 0.0


class Ballot:
    """Votes for the outputs of test inputs.

    Candidates for an input are ordered by number of votes, then mean confidence, then first appearance (as in the
    evaluator of the code of arXiv:2510.04871). Create a new ballot for each evaluation, or call `clear`.

    Args:
        tasks: id -> ``{"train": [...], "test": [{"input": grid, "output": grid}, ...]}`` as in the JSON files, or
            `Task`. Demonstrations are not needed; outputs are needed only for `pass_at`.

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
        """Remove all votes."""
        self._tallies: dict[tuple[str, GridKey], dict[GridKey, _Tally]] = {}

    def add(self, task_id: str, input_grid: Any, predicted_grid: Any, confidence: float) -> None:
        """Count one prediction.

        Args:
            task_id: id of the task, not the name of a variant.
            input_grid: the test input of the task, with the variant undone.
            predicted_grid: the predicted output, with the variant undone. The empty grid counts but is never correct.
            confidence: the sigmoid of the halting logit.

        Raises:
            DataError: the task or the test input is unknown, a grid is malformed, or the confidence is not a number.
        """
        key = self._input_key(task_id, input_grid)
        predicted = as_grid(predicted_grid, f"A prediction for task {task_id}", empty=True)
        confidence = _as_number(confidence, task_id)
        answer = grid_key(predicted)
        tally = self._tallies.setdefault((task_id, key), {}).setdefault(answer, _Tally(predicted))
        tally.votes += 1
        tally.confidence += confidence

    def candidates(self, task_id: str, input_grid: Any) -> list[Candidate]:
        """Return the answers to a test input with their votes, best first.

        Raises:
            DataError: the task or the test input is unknown.
        """
        tallies = self._tallies.get((task_id, self._input_key(task_id, input_grid)), {})
        found = [Candidate(tally.grid, tally.votes, tally.confidence / tally.votes) for tally in tallies.values()]
        return sorted(found, key=lambda candidate: (-candidate.votes, -candidate.confidence))

    def ranked(self, task_id: str, input_grid: Any) -> list[Grid]:
        """Return the answers to a test input, best first; empty without predictions.

        Raises:
            DataError: the task or the test input is unknown.
        """
        return [candidate.grid for candidate in self.candidates(task_id, input_grid)]

    def pass_at(self, k: int) -> float:
        """Return the fraction of test inputs whose output is among the first `k` candidates, averaged over tasks.

        A test input without predictions counts as wrong. Tasks without all of their solutions are not scored.

        Raises:
            UsageError: `k` is below 1.
            DataError: there are no tasks, or none has its solutions.
        """
        if k < 1:
            raise UsageError(f"pass@{k} is not defined: k must be at least 1.")
        self._check_solutions()
        known = [task for task in self.tasks.values() if task.solved]
        return sum(self._solved_share(task, k) for task in known) / len(known)

    def submission(self) -> dict[str, list[dict[str, list[list[int]]]]]:
        """Return the two best answers to every test input in the format of Kaggle's `submission.json`.

        Every test input keeps its position. A single answer is repeated. `NO_ANSWER` replaces missing answers and the empty
        grid, which Kaggle cannot read.
        """
        return {
            task_id: [_attempts(self.ranked(task_id, pair.input)) for pair in task.test]
            for task_id, task in self.tasks.items()
        }

    @property
    def unsolved(self) -> list[str]:
        """Ids of the tasks with test inputs whose outputs are unknown."""
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
                f"Task {task_id!r} is not among the {len(self.tasks)} tasks to score. Predictions and tasks must belong to the "
                "same dataset. Convert names of variants with `undo` first."
            )
        key = grid_key(as_grid(input_grid, f"An input of task {task_id}"))
        if key not in self._inputs[task_id]:
            raise DataError(
                f"Task {task_id} has no such test input. Predictions and tasks must belong to the same dataset."
            )
        return key

    def _check_solutions(self) -> None:
        if not self.tasks:
            raise DataError("There are no tasks to score.")
        if len(self.unsolved) == len(self.tasks):
            raise DataError(
                f"{len(self.unsolved)} of {len(self.tasks)} tasks have no solutions, for example {self.unsolved[0]}, so no score "
                "can be computed. Put the solutions file beside the challenges file. A submission needs no solutions."
            )


def _as_number(confidence: Any, task_id: str) -> float:
    try:
        number = float(confidence)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"A prediction for task {task_id} has confidence {confidence!r}, expected a finite number.")
    return number


def _attempts(ranked: list[Grid]) -> dict[str, list[list[int]]]:
    best = [grid.tolist() or NO_ANSWER for grid in ranked[:ATTEMPTS]] or [NO_ANSWER]
    best += [best[0]] * (ATTEMPTS - len(best))
    return {f"attempt_{number}": answer for number, answer in enumerate(best, start=1)}


__all__ = ["ATTEMPTS", "PASS_AT", "Ballot", "Candidate", "apply", "crop", "encode", "undo"]
