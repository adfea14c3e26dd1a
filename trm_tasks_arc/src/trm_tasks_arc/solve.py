"""`trm solve arc`: learn the rule of new tasks from their demonstrations, and answer their test inputs twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from trm_tasks_arc.datasets import Selection, build_selection, largest_side
from trm_tasks_arc.evaluation import count_votes, predict
from trm_tasks_arc.finetune import STEPS, learn_vectors, with_new_vectors
from trm_tasks_arc.renderer import grid_panels
from trm_tasks_arc.scoring import ATTEMPTS, Ballot, Candidate
from trm_tasks_arc.tasks import Pair, Task, Tasks, read_task

VOTES = 16
BATCH = 128


def solve(request: SolveRequest) -> Iterator[SolvedPuzzle]:
    """Two attempts at every test input of the tasks in the request's texts.

    Raises:
        PuzzleError: a text is no task, or its grids are larger than the model's canvas.
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
    """Tasks from JSON texts, each one task or several by id.

    Raises:
        PuzzleError: malformed, or with grids of more than `side` rows or columns.
    """
    tasks: Tasks = {}
    for source, text in texts:
        for task in _tasks_of(source, text):
            if largest_side(task) > side:
                raise PuzzleError(
                    f"Task {task.id} has a grid of {largest_side(task)} rows or columns, the model takes {side}. "
                    "Use a checkpoint that was trained on a larger task.side."
                )
            if task.id in tasks:
                raise PuzzleError(f"Two tasks are called {task.id}. Give one of them another name.")
            tasks[task.id] = task
    return tasks


def _tasks_of(source: str, text: str) -> list[Task]:
    name = source.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".json") or "task"
    if not source and text.endswith(".json"):
        raise PuzzleError(f"There is no file {text}.")
    try:
        content = parse_json(text)
    except ValueError as error:
        raise PuzzleError(f"{source or text[:40]!r} is no JSON file of an ARC task: {reason(error)}.") from None
    try:
        if not isinstance(content, Mapping):
            raise PuzzleError(f'{name} is no ARC task: it needs "train" and "test", each a list of pairs.')
        if "train" in content or "test" in content:
            return [read_task(name, content)]
        return [read_task(task_id, task) for task_id, task in content.items()]
    except DataError as error:
        raise PuzzleError(str(error)) from None


def vote(request: SolveRequest, config: ArcConfig, tasks: Tasks) -> Ballot:
    """Learn the tasks in some of their variants, and vote with the answers for all of them."""
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
    return SolvedPuzzle(report=report, picture=_picture(task, number, pair, candidates, right), problem=problem)


def _picture(task: Task, number: int, pair: Pair, candidates: list[Candidate], right: Iterable[bool]) -> RenderableType:
    total = sum(candidate.votes for candidate in candidates)
    grids = [("input", pair.input)]
    notes = []
    for place, (attempt, good) in enumerate(zip(candidates, right, strict=False), start=1):
        grids.append((f"attempt {place}", attempt.grid))
        share = f"{attempt.votes} of {total} votes, the model gives it {attempt.confidence:.0%}"
        remarks = ["no grid"] * (attempt.grid.size == 0) + ["right"] * good
        notes.append(", ".join([f"attempt {place}: {share}", *remarks]))
    if pair.output is not None:
        grids.append(("solution", pair.output))
    if len(notes) < ATTEMPTS:
        notes.append("All votes agree: there is no other second attempt.")
    return Group(Text(f"{task.id}, test input {number}", style="bold"), grid_panels(grids), Text("\n".join(notes)))
