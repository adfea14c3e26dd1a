"""Evaluating weights on a split: by metrics, or by the task's own evaluator."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trm.devices.precision import precision_of
from trm.errors import UsageError, quoted
from trm.evaluation.intervals import Interval, wilson
from trm.evaluation.metrics import CellAccuracy, Metric, Share
from trm.evaluation.options import SearchOptions
from trm.evaluation.requests import EvaluationRequest
from trm.evaluation.scoring import evaluate as score_batches
from trm.experiment.experiment import Experiment
from trm.experiment.identifiers import ablate
from trm.experiment.loaded import LoadedModel
from trm.experiment.results import Score
from trm.experiment.scored_data import Scored, ScoredDataStore
from trm.experiment.session import Session
from trm.progress import progress
from trm.runs.locate import EVALUATIONS

if TYPE_CHECKING:
    from trm.training.trainer import Trainer

TRAINING_EXAMPLES = 1000
"""Training examples that a task's own evaluator scores at the end of a training."""


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """What to score.

    Attributes:
        split: "test", "train", or "validation" if the data has it.
        limit: number of puzzles. Default: all.
        metrics: names of metrics to report beside the task's own.
        output: folder for what a task's own evaluator writes. Default: a folder in the run.
        puzzle_ids: "blank" or "random" puzzle vectors, as an ablation; see `ablate`. Default: the trained ones.
    """

    split: str = "test"
    limit: int | None = None
    metrics: Sequence[str] = ()
    output: Path | None = None
    puzzle_ids: str | None = None

    def __post_init__(self) -> None:
        if self.puzzle_ids not in (None, "blank", "random"):
            raise UsageError(f"puzzle_ids must be 'blank' or 'random', got {quoted(self.puzzle_ids)}.")
        if self.split not in ("test", "train", "validation"):
            raise UsageError(f"split must be 'test', 'train' or 'validation', got {quoted(self.split)}.")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit must be at least 1, got {self.limit}.")


def evaluate(
    loaded: LoadedModel,
    trained_on: Experiment,
    options: EvaluationOptions,
    search: SearchOptions,
    store: ScoredDataStore | None = None,
) -> Score:
    """Score a model on puzzles with known answers.

    Args:
        loaded: the weights, and the experiment whose puzzles are scored. An ablation changes its model.
        trained_on: the experiment that the weights come from.
        options: what to score.
        search: test-time compute.
        store: gives the puzzles. Default: a new one. Several evaluations that share one read the same puzzles once.

    Raises:
        UsageError: an unknown metric, or an option that the task has no use for.
        DataError: the data cannot be read.
        CheckpointError: the weights do not fit the data.
    """
    _check_budget(loaded, options, search)
    if options.puzzle_ids is not None:
        ablate(loaded.model, options.puzzle_ids)
    store = store or ScoredDataStore()
    if loaded.task.spec.evaluate is not None:
        refuse_search(loaded, search)
        score = _by_the_task(loaded, trained_on, options, search, store)
    else:
        score = _by_metrics(loaded, trained_on, options, search, store)
    return replace(score, puzzle_ids=options.puzzle_ids)


def refuse_search(loaded: LoadedModel, search: SearchOptions) -> None:
    """Raise `UsageError` for test-time compute that a task with its own evaluator or solver has no use for."""
    if search.restarts > 1 or search.answer or search.check or search.halt:
        raise UsageError(
            f"Task {loaded.task.name!r} finds its answers in its own way: omit --restarts, --search, --answer, --check and "
            "--halt."
        )


def _check_budget(loaded: LoadedModel, options: EvaluationOptions, search: SearchOptions) -> None:
    """Raise `UsageError` for a budget, or a number of jobs, that an evaluation has no use for."""
    refuse_budget(loaded, search)
    if search.budget is None and search.jobs is not None:
        raise UsageError("--jobs is the number of puzzles learned at once: it needs --budget.")
    if search.budget is not None and (options.puzzle_ids or options.split != "test"):
        raise UsageError(
            "--budget learns new puzzle vectors for the test split: omit --puzzle-ids and --split. `--budget 0steps` scores "
            "without learning."
        )


def refuse_budget(loaded: LoadedModel, search: SearchOptions) -> None:
    """Raise `UsageError` for a budget if the task does not learn at test time."""
    if search.budget is not None and not loaded.task.spec.budget:
        raise UsageError(
            f"Task {loaded.task.name!r} does not learn at test time: omit --budget. More --steps, --restarts or --votes "
            "give its model more time."
        )


def score_trained(experiment: Experiment, trainer: Trainer, run: Path, session: Session) -> dict[str, float]:
    """Score the averaged weights at the end of a training by the task's own evaluator, on some training examples too."""
    model = trainer.model
    request = EvaluationRequest(
        data=experiment,
        trained_on=experiment,
        training=experiment.training,
        model=model.eval(),
        backend=session.backend,
        steps=experiment.evaluation_steps(model.config),
        batch_size=experiment.evaluation_batch_size,
        output=run / EVALUATIONS / f"step_{trainer.step}-all",
        training_examples=TRAINING_EXAMPLES,
        progress=session.display.track,
        warn=session.display.note,
    )
    with trainer.averaged():
        return experiment.task.evaluate(request)


def _by_metrics(
    loaded: LoadedModel,
    trained_on: Experiment,
    options: EvaluationOptions,
    search: SearchOptions,
    store: ScoredDataStore,
) -> Score:
    experiment, session = loaded.experiment, loaded.session
    model = loaded.model
    metrics = experiment.build_metrics(options.metrics, session.display.note)
    data = store.get(Scored(loaded, trained_on, options.split, options.limit))
    puzzles = data.puzzles
    plan = experiment.search(model.config, search)
    started = time.perf_counter()
    with progress("Scoring", len(puzzles)) as advance:
        values = score_batches(
            model,
            puzzles.batches(experiment.evaluation_batch_size),
            metrics,
            session.backend,
            on_answers=advance,
            plan=plan,
        )
    return Score(
        metrics=values,
        checkpoint=loaded.checkpoint.path,
        source=loaded.checkpoint.source,
        task=experiment.task.name,
        step=loaded.checkpoint.step,
        split=options.split,
        puzzles=len(puzzles),
        supervision_steps=plan.steps,
        seconds=round(time.perf_counter() - started, 2),
        data=data.report,
        weights=loaded.checkpoint.kind,
        precision=precision_of(session.backend, plan.precision),
        intervals=share_intervals(metrics, len(puzzles)),
        cores=session.cores,
        restarts=plan.restarts,
        search="noise" if plan.unknown_id is None else "pin",
        votes=plan.votes,
        answer=plan.answer,
        checked=plan.check is not None,
        halt=plan.halt,
        test_puzzles_in_training=data.test_puzzles_in_training,
    )


def _by_the_task(
    loaded: LoadedModel,
    trained_on: Experiment,
    options: EvaluationOptions,
    search: SearchOptions,
    store: ScoredDataStore,
) -> Score:
    experiment, session = loaded.experiment, loaded.session
    if options.metrics:
        raise UsageError(f"Task {loaded.task.name!r} reports the scores of its own evaluator: omit --metric.")
    steps = search.steps or loaded.steps
    data = store.get(Scored(loaded, trained_on, options.split))
    output = options.output or loaded.checkpoint.evaluation_folder(_name(experiment, trained_on, options, search))
    scored = [min(options.limit or len(data.puzzles), len(data.puzzles))]
    started = time.perf_counter()
    values = experiment.task.evaluate(
        EvaluationRequest(
            data=experiment,
            trained_on=trained_on,
            training=experiment.training,
            model=loaded.model,
            backend=session.backend,
            steps=steps,
            split=options.split,
            batch_size=experiment.evaluation_batch_size,
            output=output,
            votes=search.votes,
            limit=options.limit,
            budget=search.budget,
            jobs=search.jobs or session.cores,
            progress=session.display.track,
            warn=session.display.note,
            scored=scored.append,
        )
    )
    return Score(
        metrics=values,
        checkpoint=loaded.checkpoint.path,
        source=loaded.checkpoint.source,
        task=experiment.task.name,
        step=loaded.checkpoint.step,
        split=options.split,
        puzzles=scored[-1],
        supervision_steps=steps,
        seconds=round(time.perf_counter() - started, 2),
        data=data.report,
        weights=loaded.checkpoint.kind,
        precision=precision_of(session.backend),
        test_puzzles_in_training=data.test_puzzles_in_training,
        cores=session.cores,
        votes=search.votes,
        output=output,
    )


def share_intervals(metrics: Mapping[str, Metric], puzzles: int) -> dict[str, Interval]:
    """Wilson's 95 % interval of each metric that counted puzzles in an evaluation.

    Metrics of cells get none: the cells of one puzzle are not independent trials.

    Args:
        metrics: by name, with their counts.
        puzzles: number of puzzles in the evaluation.
    """
    shares = {name: metric for name, metric in metrics.items() if isinstance(metric, Share)}
    return {
        name: wilson(share.hits, share.total)
        for name, share in shares.items()
        if 0 < share.total <= puzzles and not isinstance(share, CellAccuracy)
    }


def _name(experiment: Experiment, trained_on: Experiment, options: EvaluationOptions, search: SearchOptions) -> str:
    """A name for the folder of an evaluation that tells it apart from those with other options."""
    chosen = {
        "steps": search.steps,
        "votes": search.votes,
        "limit": options.limit,
        "ids": options.puzzle_ids,
        "budget": search.budget,
    }
    name = "-".join(["all", *(f"{key}_{value}" for key, value in chosen.items() if value is not None)])
    if options.split != "test":
        name += f"-{options.split}"
    if experiment != trained_on:
        task = experiment.task
        data = repr((task.config, task.data, task.dataset, experiment.seed))
        name += f"-data_{hashlib.sha256(data.encode()).hexdigest()[:8]}"
    return name
