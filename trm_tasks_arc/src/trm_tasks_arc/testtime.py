"""`trm evaluate` with `--budget`: each task is learned from its demonstrations alone, and the outcome kept at once.

An interrupted evaluation continues with the tasks that have no outcome yet. A task's seed depends on its id alone, so
neither the order nor the number of processes changes an answer. With a budget in steps, nor does the speed of the machine.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import torch

from trm.evaluation import Budget, EvaluationRequest, Progress, UntrainedRequest
from trm.training import keep_freed_memory
from trm_tasks_arc import evaluation
from trm_tasks_arc.adapting import Adapter
from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import select
from trm_tasks_arc.grids import MAX_SIDE
from trm_tasks_arc.kept import Kept
from trm_tasks_arc.outcomes import Outcome, Results
from trm_tasks_arc.pairs import Task, Tasks
from trm_tasks_arc.reports import write_reports
from trm_tasks_arc.scoring import ATTEMPTS


def evaluate(request: EvaluationRequest) -> dict[str, float]:
    """Score a model: by its answers, see `trm_tasks_arc.evaluation`, or with `request.budget` by what it learns at test time.

    Returns:
        With a budget: `pass@1` and `pass@2` over the tasks whose solutions are known, if there are any.

    Raises:
        DataError: see `trm_tasks_arc.evaluation.evaluate`.
        UsageError: the output folder contains another evaluation.
        CheckpointError: the model has no puzzle vectors.
    """
    if request.budget is None:
        return evaluation.evaluate(request)
    tasks = tasks_to_learn(request)
    job = Job(Adapter.of(request), request.budget, request.data.seed)
    kept = Kept(request.output, _facts(request, job, tasks))
    jobs = request.jobs if request.backend.device.type == "cpu" else 1
    return reported(learn_all(job, tasks, kept, jobs, request.progress), request, job, kept, _protocol(request, job))


def learn_all(job: Job, tasks: Tasks, kept: Kept, jobs: int, progress: Progress) -> Results:
    """Learn the tasks that have no outcome yet, and keep each outcome at once.

    Args:
        job: how to learn.
        tasks: the tasks.
        kept: the folder of the outcomes.
        jobs: number of processes.
        progress: wraps the loop over the tasks.
    """
    outcomes = {task.id: outcome for task in tasks.values() if (outcome := Outcome.from_json(kept.get_json(task.id)))}
    todo = [task for task in tasks.values() if task.id not in outcomes]
    finished = _learned(job, todo, jobs)
    for _ in progress(range(len(todo)), "learning tasks"):
        outcome = next(finished)
        kept.keep_json(outcome.task, outcome.as_json())
        outcomes[outcome.task] = outcome
    return Results(tasks, outcomes)


def reported(
    results: Results,
    request: EvaluationRequest | UntrainedRequest,
    job: Job,
    kept: Kept,
    protocol: Mapping[str, Any],
) -> dict[str, float]:
    """Report the outcomes of all tasks to the user and in files, and return the scores; see `write_reports`.

    Args:
        results: the outcomes.
        request: receives the number of tasks, and messages.
        job: how the tasks were learned.
        kept: the folder for the files.
        protocol: what belongs to this way of learning alone.
    """
    request.scored(len(results.known))
    if not results.known:
        request.warn("No task has solutions: wrote a submission without a score.")
    common = {
        "test_outputs_seen": "none: learning receives the tasks without them",
        "attempts": ATTEMPTS,
        "budget_per_task": str(job.budget),
        "seed": job.seed,
    }
    return write_reports(kept, results, {**protocol, **common})


def tasks_to_learn(request: EvaluationRequest | UntrainedRequest) -> Tasks:
    """The evaluation tasks of any size, the first `request.limit` of them. Those that the canvas does not fit count too.

    Raises:
        DataError, UsageError: see `trm_tasks_arc.datasets.select`.
    """
    config = request.data.config if isinstance(request, EvaluationRequest) else request.config
    assert isinstance(config, ArcConfig)
    if isinstance(request, UntrainedRequest):
        config = config.model_copy(update={"training": ()})
    tasks = select(config.model_copy(update={"side": MAX_SIDE})).evaluation
    return dict(list(tasks.items())[: request.limit])


class Learner(Protocol):
    """Learns a task from its demonstrations."""

    @property
    def config(self) -> ArcConfig:
        """Settings, of which `side` is the largest number of rows and columns of a grid."""
        ...

    def standings(self, task: Task, budget: Budget, seed: int) -> Iterator[Standing]:
        """Yield the standing at intervals and at the end of the budget; see `Adapter.standings`."""
        ...


@dataclass(frozen=True)
class Job:
    """How tasks are learned; sent to each process once.

    Attributes:
        adapter: learns a task.
        budget: for each task.
        seed: seed of the evaluation.
    """

    adapter: Learner
    budget: Budget
    seed: int

    def outcome(self, task: Task) -> Outcome:
        """Learn one task on one thread: other numbers of threads round sums differently."""
        if task.largest_side > self.adapter.config.side:
            return Outcome(task.id, "too large")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            standings = self.adapter.standings(task, self.budget, seed_of(task.id, self.seed))
            return Outcome.of(task.id, standings, self.budget.seconds)
        finally:
            torch.set_num_threads(threads)


def seed_of(task_id: str, seed: int) -> int:
    """The seed of a task in an evaluation with a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{task_id}".encode()).digest()[:4], "little")


def _learned(job: Job, tasks: list[Task], processes: int) -> Iterator[Outcome]:
    """The outcomes of tasks, in the order in which they are ready. Processes get no solutions."""
    tasks = [replace(task, test=tuple(replace(pair, output=None) for pair in task.test)) for task in tasks]
    if processes == 1 or len(tasks) < 2:
        yield from map(job.outcome, tasks)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(tasks)), context, _start, (job,))
    try:
        futures: list[Future[Outcome]] = [pool.submit(_outcome, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_jobs: list[Job] = []
"""In a process of the pool: its job."""


def _start(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends the pool
    keep_freed_memory()  # a backend that was sent here does not do it again
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _jobs[:] = [job]


def _end_with_parent() -> None:
    """Without this, the processes of a pool would outlive a killed parent."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _outcome(task: Task) -> Outcome:
    return _jobs[0].outcome(task)


def _facts(request: EvaluationRequest, job: Job, tasks: Tasks) -> dict[str, Any]:
    """Everything that determines the answers."""
    config = job.adapter.config.model_dump(include={"side", "variants", "transforms", "recolour", "translate"})
    return {
        "weights": evaluation.digest(request.model),
        "tasks": digest_of(tasks),
        "task_settings": config,
        "supervision_steps": request.steps,
        "budget": str(job.budget),
        "seed": job.seed,
    }


def digest_of(tasks: Tasks) -> str:
    """A hash of the tasks without their solutions."""
    content = {
        task.id: [task.as_json()["train"], [pair.input.tolist() for pair in task.test]] for task in tasks.values()
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _protocol(request: EvaluationRequest, job: Job) -> dict[str, Any]:
    """What a reader needs to know to judge the score."""
    own, trained = cast(ArcConfig, request.data.config), cast(ArcConfig, request.trained_on.config)
    return {
        "scored": list(own.evaluation),
        "trained_on": {
            "all_pairs_of": list(trained.training),
            "demonstrations_of": list(trained.evaluation),
            "only_tasks": list(trained.tasks) if trained.tasks is not None else trained.subset,
        },
        "learned_at_test_time": "puzzle vectors of one task, from its demonstrations; the network is frozen",
        "tasks_used_for_choices": "none in this command; those of the weights are in their model card",
        "counted_as_wrong": "tasks that are too large for the canvas, or without an answer within the budget",
        "votes": job.adapter.config.variants + 1,
    }
