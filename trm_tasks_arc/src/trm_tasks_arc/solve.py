"""`trm solve arc`: learns new tasks from their demonstrations and gives two answers to each test input."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from trm.data import Job, parse_json, showing
from trm.errors import DataError, PuzzleError, reason
from trm.evaluation import Budget, SolvedPuzzle, SolveRequest
from trm_tasks_arc.adapting import Adapter
from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.files import read_content
from trm_tasks_arc.grids import MAX_SIDE, Grid
from trm_tasks_arc.pairs import Pair, Task, Tasks
from trm_tasks_arc.renderer import grid_panels
from trm_tasks_arc.scoring import ATTEMPTS
from trm_tasks_arc.settling import until_settled
from trm_tasks_arc.tasks import fitting, load_source
from trm_tasks_arc.testtime import Learner

BUDGET = Budget(seconds=180)


def solve(request: SolveRequest) -> Iterator[SolvedPuzzle]:
    """Yield two attempts for every test input of the tasks in `request.texts`.

    Each task is learned until its two leading answers are stable, at most for `request.budget` (default: 3 minutes). An
    interruption yields the answers so far, and then ends the iteration by the same exception.

    Raises:
        PuzzleError: a text is not a task, or all grids are larger than the canvas of the model.
        CheckpointError: the model has no puzzle vectors.
    """
    # A person waits for the answer: wall-clock time, of all threads together.
    adapter = Adapter.of(request, time.monotonic)
    tasks = read_tasks(request.texts, adapter.config.side)
    yield from answers(adapter, tasks, request.budget or BUDGET, request.data.seed)


def answers(learner: Learner, tasks: Tasks, budget: Budget, seed: int) -> Iterator[SolvedPuzzle]:
    """Learn tasks one by one, and yield the attempts at each of their test inputs; see `solve`."""
    for task in tasks.values():
        standing, interruption = _learned(learner, task, budget, seed)
        for number, (pair, ranked) in enumerate(zip(task.test, standing.ranked, strict=True), start=1):
            yield _solved(task, number, pair, ranked, standing)
        if interruption is not None:
            raise interruption


def _learned(learner: Learner, task: Task, budget: Budget, seed: int) -> tuple[Standing, KeyboardInterrupt | None]:
    """The last standing of a task, and the interruption that ended it, if any. The best answer so far is shown."""
    standing: Standing | None = None
    job = Job(f"Learning {task.id}", budget.steps or None, "steps")
    try:
        with showing(job):
            for standing in until_settled(learner.standings(task, budget, seed)):
                job.heading = f"Learning {task.id}, best so far: {in_words(standing)}"
                job.advance(standing.steps - job.done)
    except KeyboardInterrupt as error:
        if standing is None:
            raise
        return standing, error
    assert standing is not None
    return standing, None


def in_words(standing: Standing) -> str:
    """The best answer to each test input, as in "3x3 (62 % of votes)"."""
    best = (ranked[0] for ranked in standing.ranked if ranked)
    return ", ".join(f"{grid.shape[0]}x{grid.shape[1]} ({share:.0%} of votes)" for grid, share in best)


def read_tasks(texts: Sequence[tuple[str, str]], side: int) -> Tasks:
    """Read tasks from JSON texts, each in one of the forms of `trm_tasks_arc.files`. Tasks that are too large are skipped.

    Args:
        texts: pairs of source and text. A source that is a file or a folder is read with what is beside it or in it.
        side: maximum number of rows and columns of a grid.

    Raises:
        PuzzleError: a text is not JSON or something else than ARC tasks, two tasks have the same id, or all are too large.
    """
    tasks: Tasks = {}
    for source, text in texts:
        for task_id, task in _tasks_of(source, text).items():
            if task_id in tasks:
                raise PuzzleError(f"Two tasks have the id {task_id}. Rename one of them.")
            tasks[task_id] = task
    largest = max(tasks.values(), key=lambda task: task.largest_side)
    if all(task.largest_side > side for task in tasks.values()):
        larger = (
            "Use a checkpoint that was trained with a larger task.side."
            if side < MAX_SIDE
            else "ARC has no larger ones."
        )
        raise PuzzleError(
            f"Task {largest.id} has a grid with {largest.largest_side} rows or columns, but the model accepts at most {side}. "
            f"{larger}"
        )
    return fitting(tasks, side)


def _tasks_of(source: str, text: str) -> Tasks:
    if source and Path(source).exists():
        try:
            return load_source(source)
        except DataError as error:
            raise PuzzleError(str(error)) from None
    name = source.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gz").removesuffix(".json") or "task"
    if not source and text.endswith(".json"):
        raise PuzzleError(f"There is no file {text}.")
    try:
        content = parse_json(text)
    except ValueError as error:
        raise PuzzleError(f"{source or text[:40]!r} is not a JSON file of an ARC task: {reason(error)}.") from None
    try:
        return read_content(content, name, source or "The text").tasks
    except DataError as error:
        raise PuzzleError(str(error)) from None


def _solved(task: Task, number: int, pair: Pair, ranked: list[tuple[Grid, float]], standing: Standing) -> SolvedPuzzle:
    attempts = ranked[:ATTEMPTS]
    right = [pair.output is not None and np.array_equal(grid, pair.output) for grid, _ in attempts]
    report: dict[str, Any] = {"task": task.id, "test_input": number, "learning_steps": standing.steps}
    for place, (grid, share) in enumerate(attempts, start=1):
        report[f"attempt_{place}"] = {"grid": grid.tolist(), "confidence": round(share, 4)}
    problem = None
    if pair.output is not None:
        report["right"] = any(right)
        if not any(right):
            problem = f"neither attempt is the solution of test input {number} of task {task.id}."
    return SolvedPuzzle(
        report=report,
        picture=_picture(task, number, pair, attempts, right),
        problem=problem,
        name=f"{task.id}, test input {number}",
        answer=json.dumps([grid.tolist() for grid, _ in attempts]),
        valid=None if pair.output is None else any(right),
    )


def _picture(
    task: Task, number: int, pair: Pair, attempts: list[tuple[Grid, float]], right: Iterable[bool]
) -> RenderableType:
    grids = [("input", pair.input)]
    notes = []
    for place, ((grid, share), good) in enumerate(zip(attempts, right, strict=True), start=1):
        grids.append((f"attempt {place}", grid))
        remarks = ["empty grid"] * (grid.size == 0) + ["right"] * good
        notes.append(", ".join([f"attempt {place}: confidence {share:.0%} (share of the votes)", *remarks]))
    if pair.output is not None:
        grids.append(("solution", pair.output))
    if len(notes) < ATTEMPTS:
        notes.append("All votes agree, so there is no second attempt.")
    return Group(Text(f"{task.id}, test input {number}", style="bold"), grid_panels(grids), Text("\n".join(notes)))
