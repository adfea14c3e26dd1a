"""`trm solve arc` and `trm evaluate arc` without a checkpoint: networks learn each task on its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from trm.errors import UsageError
from trm.evaluation import Budget, SolvedPuzzle, UntrainedRequest
from trm_tasks_arc import attempts
from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.committee import TRAINED_ON, declaration
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.kept import Kept
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.solve import BUDGET, answers, read_tasks
from trm_tasks_arc.testtime import Job, digest_of, learn_all, reported, tasks_to_learn

STANDINGS = 20
"""Standings within a budget of time."""


@dataclass(frozen=True)
class Beginner:
    """Learns a task with the networks of `trm_tasks_arc.committee`.

    Attributes:
        config: settings of the task.
    """

    config: ArcConfig

    def standings(self, task: Task, budget: Budget, seed: int) -> Iterator[Standing]:
        """See `trm_tasks_arc.attempts.standings`."""
        seconds = math.inf if budget.seconds is None else budget.seconds
        interval = 1.0 if budget.seconds is None else budget.seconds / STANDINGS
        yield from attempts.standings(
            task, budget_seconds=seconds, seed=seed, max_steps=budget.steps, interval=interval
        )


def solve(request: UntrainedRequest) -> Iterator[SolvedPuzzle]:
    """Yield two attempts for every test input of the tasks in `request.texts`; see `trm_tasks_arc.solve.solve`."""
    config = _config(request)
    yield from answers(Beginner(config), read_tasks(request.texts, config.side), request.budget or BUDGET, request.seed)


def evaluate(request: UntrainedRequest) -> dict[str, float]:
    """Learn the tasks of `task.evaluation` one by one; see `trm_tasks_arc.testtime.evaluate`.

    Raises:
        UsageError: there is no budget, or the output folder contains another evaluation.
        DataError: a source of tasks is malformed.
    """
    if request.budget is None:
        raise UsageError("Give the time to learn each task, such as --budget 60s.")
    config, tasks = _config(request), tasks_to_learn(request)
    members = declaration()
    facts = {"tasks": digest_of(tasks), "members": members, "side": config.side}
    kept = Kept(request.output, {**facts, "budget": str(request.budget), "seed": request.seed})
    job = Job(Beginner(config), request.budget, request.seed)
    protocol = {
        "scored": list(config.evaluation),
        "trained_on": f"{TRAINED_ON}, for the members with weights; nothing for the others",
        "learned_at_test_time": "all weights, from the demonstrations of one task",
        "tasks_used_for_choices": "48 training tasks of ARC-AGI-1, listed in trm_tasks_arc.validation",
        "counted_as_wrong": "tasks that are too large, or without an answer within the budget",
        "members": members,
    }
    return reported(learn_all(job, tasks, kept, request.jobs, request.progress), request, job, kept, protocol)


def _config(request: UntrainedRequest) -> ArcConfig:
    assert isinstance(request.config, ArcConfig)
    return request.config
