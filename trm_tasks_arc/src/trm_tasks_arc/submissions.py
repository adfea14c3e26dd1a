"""`trm score arc`: scores a submission that was made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from trm.data import parse_json
from trm.errors import DataError, quoted, reason
from trm.evaluation import ScoreRequest
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import select
from trm_tasks_arc.grids import MAX_SIDE, Grid, as_grid
from trm_tasks_arc.judging import mode_of
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.scoring import ATTEMPTS

NAMED = 5
"""Number of missing tasks that a message names."""


def score(request: ScoreRequest) -> dict[str, float]:
    """Score the text of a `submission.json` on the tasks of `task.evaluation`. Missing answers count as wrong.

    Returns:
        `pass@1` and `pass@2`, averaged over the tasks as in `Ballot.pass_at`.

    Raises:
        DataError: the text is not a submission, a grid is malformed, no submitted task is among those to score, or they have
            no solutions.
    """
    config = request.config
    assert isinstance(config, ArcConfig)
    given = read_submission(request.text, request.source)
    tasks = select(config.model_copy(update={"training": (), "side": MAX_SIDE})).evaluation
    scored = [task for task in tasks.values() if task.solved]
    sources = ", ".join(config.evaluation)
    if not scored:
        raise DataError(f"The tasks of {sources} have no solutions, so no score can be computed.")
    if not given.keys() & tasks.keys():
        raise DataError(
            f"No task of {request.source} is in {sources}, for example {next(iter(given))}. Name the tasks that it answers "
            "with --set task.evaluation='[\"SOURCE\"]'."
        )
    _warn(request, given, scored, tasks)
    request.scored(len(scored))
    return {
        f"pass@{k}": sum(_share(task, given.get(task.id, []), k) for task in scored) / len(scored)
        for k in range(1, ATTEMPTS + 1)
    }


def read_submission(text: str, where: str) -> dict[str, list[list[Grid]]]:
    """Read the attempts of a submission: for each task and test input one or two grids.

    Raises:
        DataError: the text is not JSON or not a submission, or a grid is malformed.
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        raise DataError(f"{where} cannot be read as JSON: {reason(error)}.") from None
    if not isinstance(content, Mapping) or not content:
        raise DataError(
            f'{where} is not a submission. Expected {{"task": [{{"attempt_1": grid, "attempt_2": grid}}, ...]}}.'
        )
    return {task_id: _attempts(task_id, answers, where) for task_id, answers in content.items()}


def _attempts(task_id: str, answers: Any, where: str) -> list[list[Grid]]:
    if not isinstance(answers, list) or not all(
        isinstance(answer, Mapping) and "attempt_1" in answer for answer in answers
    ):
        raise DataError(
            f'{where}, task {quoted(task_id)}: expected a list with {{"attempt_1": grid, "attempt_2": grid}} for each test input.'
        )
    names = [f"attempt_{k}" for k in range(1, ATTEMPTS + 1)]
    return [
        [
            as_grid(answer[name], f"{where}, task {task_id}, test input {number}, {name}", empty=True, largest=None)
            for name in names
            if answer.get(name) is not None
        ]
        for number, answer in enumerate(answers, start=1)
    ]


def _warn(
    request: ScoreRequest, given: Mapping[str, list[list[Grid]]], scored: list[Task], tasks: Mapping[str, Task]
) -> None:
    """Say which tasks are missing or unknown, and how the wrong answers fail."""
    missing = [task.id for task in scored if task.id not in given]
    if missing:
        request.warn(f"{len(missing)} of {len(scored)} tasks are missing and count as wrong: {_some(missing)}.")
    short = [task.id for task in scored if task.id in given and len(given[task.id]) != len(task.test)]
    if short:
        request.warn(f"{len(short)} tasks have another number of answers than test inputs: {_some(short)}.")
    unknown = [task_id for task_id in given if task_id not in tasks]
    if unknown:
        request.warn(f"{len(unknown)} tasks are not among those to score and are ignored: {_some(unknown)}.")
    modes = Counter(
        mode_of(attempts, pair.output)
        for task in scored
        for attempts, pair in zip(given.get(task.id, []), task.test, strict=False)
        if pair.output is not None
    )
    failures = [f"{mode} {count}" for mode, count in modes.most_common() if mode]
    if failures:
        request.warn(f"Test inputs without a right answer: {', '.join(failures)}.")


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more


def _share(task: Task, answers: list[list[Grid]], attempts: int) -> float:
    padded = [*answers[: len(task.test)], *([[]] * (len(task.test) - len(answers)))]
    return sum(
        pair.output is not None and mode_of(grids[:attempts], pair.output) is None
        for grids, pair in zip(padded, task.test, strict=True)
    ) / len(task.test)
