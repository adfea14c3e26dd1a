"""`trm solve arc`: learns new tasks from their demonstrations and gives two answers to each test input."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from trm import TrainingConfig
from trm.data import parse_json
from trm.errors import DataError, PuzzleError, reason
from trm.evaluation import SolvedPuzzle, SolveRequest
from trm.presets import PAPER_TRAINING
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import Selection, build_selection
from trm_tasks_arc.evaluation import count_votes, predict
from trm_tasks_arc.files import read_content
from trm_tasks_arc.finetune import STEPS, learn_vectors, with_new_vectors
from trm_tasks_arc.pairs import Pair, Task, Tasks
from trm_tasks_arc.renderer import grid_panels
from trm_tasks_arc.scoring import ATTEMPTS, Ballot, Candidate
from trm_tasks_arc.tasks import fitting, load_source

VOTES = 16
BATCH = 128


def solve(request: SolveRequest) -> Iterator[SolvedPuzzle]:
    """Yield two attempts for every test input of the tasks in `request.texts`.

    Raises:
        PuzzleError: a text is not a task, or all grids are larger than the canvas of the model.
        CheckpointError: the model has no puzzle vectors.
    """
    config = request.data.config
    assert isinstance(config, ArcConfig)
    tasks = read_tasks(request.texts, config.side)
    ballot = vote(request, config, tasks)
    for task in tasks.values():
        for number, pair in enumerate(task.test, start=1):
            yield _solved(task, number, pair, ballot.candidates(task.id, pair.input))


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
        raise PuzzleError(
            f"Task {largest.id} has a grid with {largest.largest_side} rows or columns, but the model accepts at most {side}. "
            "Use a checkpoint that was trained with a larger task.side."
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


def vote(request: SolveRequest, config: ArcConfig, tasks: Tasks) -> Ballot:
    """Learn the tasks from some of their variants, and count the answers for all of these variants."""
    votes = request.votes or min(VOTES, config.variants + 1)
    config = config.model_copy(update={"variants": votes - 1})
    seed = request.data.seed
    train, test = (build_selection(Selection({}, tasks), config, split, seed) for split in ("train", "test"))
    model = with_new_vectors(request.model, len(train.identifiers))
    training = request.training or TrainingConfig.model_validate({**PAPER_TRAINING, "num_epochs": 1})
    learn_vectors(model, train, training, request.backend, steps=STEPS, seed=seed, progress=request.progress)
    ballot = Ballot(tasks)
    for start in request.progress(range(0, len(test), BATCH), "answering"):
        rows = np.arange(start, min(start + BATCH, len(test)))
        count_votes(ballot, test, rows, *predict(model, request.backend, request.steps, test, rows))
    return ballot


def _solved(task: Task, number: int, pair: Pair, candidates: list[Candidate]) -> SolvedPuzzle:
    attempts = candidates[:ATTEMPTS]
    right = [pair.output is not None and np.array_equal(attempt.grid, pair.output) for attempt in attempts]
    report: dict[str, Any] = {"task": task.id, "test_input": number}
    for place, attempt in enumerate(attempts, start=1):
        report[f"attempt_{place}"] = {
            "grid": attempt.grid.tolist(), "votes": attempt.votes, "confidence": round(attempt.confidence, 4)
        }  # fmt: skip
    problem = None
    if pair.output is not None:
        report["right"] = any(right)
        if not any(right):
            problem = f"neither attempt is the solution of test input {number} of task {task.id}."
    return SolvedPuzzle(
        report=report,
        picture=_picture(task, number, pair, candidates, right),
        problem=problem,
        name=f"{task.id}, test input {number}",
        answer=json.dumps([attempt.grid.tolist() for attempt in attempts]),
        valid=None if pair.output is None else any(right),
    )


def _picture(task: Task, number: int, pair: Pair, candidates: list[Candidate], right: Iterable[bool]) -> RenderableType:
    total = sum(candidate.votes for candidate in candidates)
    grids = [("input", pair.input)]
    notes = []
    for place, (attempt, good) in enumerate(zip(candidates, right, strict=False), start=1):
        grids.append((f"attempt {place}", attempt.grid))
        share = f"{attempt.votes} of {total} votes, mean confidence {attempt.confidence:.0%}"
        remarks = ["empty grid"] * (attempt.grid.size == 0) + ["right"] * good
        notes.append(", ".join([f"attempt {place}: {share}", *remarks]))
    if pair.output is not None:
        grids.append(("solution", pair.output))
    if len(notes) < ATTEMPTS:
        notes.append("All votes agree, so there is no second attempt.")
    return Group(Text(f"{task.id}, test input {number}", style="bold"), grid_panels(grids), Text("\n".join(notes)))
