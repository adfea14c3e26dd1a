"""The model card in a weights file: where the weights come from, what they reach, and a few puzzles to show them on."""

from __future__ import annotations

import platform
from typing import Any

from trm.errors import TRMError
from trm.evaluation.examples import choose_examples
from trm.evaluation.intervals import wilson
from trm.evaluation.metrics import ExactAccuracy
from trm.evaluation.options import SearchOptions
from trm.evaluation.scoring import evaluate
from trm.experiment.evaluator import share_intervals
from trm.experiment.loaded import LoadedModel
from trm.runs.run_folder import RunFolder

EXAMPLES = 4


def model_card(loaded: LoadedModel) -> dict[str, Any]:
    """Score weights on their run's own test puzzles, on this machine, and describe their training.

    Returns:
        `task`, `preset`, `dataset`, `seed`, `parameters`, `steps`, `minutes` (of training; None if the run kept no
        record), `machine`, `versions`, `puzzles` and `supervision_steps` (of the scoring), `scores`, `intervals` (95 %
        confidence intervals by metric, of shares of puzzles), and `examples` as `trm.evaluation.examples` reads them.
    """
    experiment, backend, model = loaded.experiment, loaded.session.backend, loaded.model
    puzzles = experiment.puzzles("test")
    plan = experiment.search(model.config, SearchOptions())
    batches = experiment.test_batches(puzzles)(None)
    metrics = experiment.build_metrics((), loaded.session.display.note)
    scores = evaluate(model, batches, metrics, backend, plan=plan)
    return {
        **_origin(loaded),
        "machine": f"{platform.machine()}, {backend.describe()}",
        "puzzles": len(puzzles),
        "supervision_steps": plan.steps,
        "scores": scores,
        "intervals": {name: list(interval) for name, interval in share_intervals(metrics, len(puzzles)).items()},
        "examples": [example.as_json() for example in choose_examples(model, puzzles, plan.steps, backend, EXAMPLES)],
    }


def recorded_card(loaded: LoadedModel) -> dict[str, Any] | None:
    """Same as `model_card`, from what the run or the weights file says about its scores; None if it says nothing.

    The machine that a run was trained on is not recorded, so the card of a run names none. If the test puzzles cannot be
    read, the card has no examples, and the user is told.
    """
    checkpoint = loaded.checkpoint
    if checkpoint.folder is None:
        return dict(checkpoint.card) if checkpoint.card.get("scores") else None
    summary = RunFolder(checkpoint.folder).read_summary() or {}
    own_steps = summary["stages"][-1]["steps"] if "stages" in summary else summary.get("steps")
    scores, puzzles = summary.get("final_metrics"), summary.get("test_puzzles")
    if not scores or not puzzles or own_steps != checkpoint.step:
        return None
    exact = [name for name, metric in _metrics(loaded).items() if isinstance(metric, ExactAccuracy) and name in scores]
    return {
        **_origin(loaded),
        "puzzles": puzzles,
        "supervision_steps": summary.get("supervision_steps", loaded.steps),
        "scores": scores,
        "intervals": {name: list(wilson(scores[name] * puzzles, puzzles)) for name in exact},
        "examples": _examples(loaded),
    }


def unscored_card(loaded: LoadedModel) -> dict[str, Any]:
    """Same as `model_card`, without scores."""
    return {**_origin(loaded), "supervision_steps": loaded.steps, "scores": {}, "intervals": {}, "examples": []}


def _origin(loaded: LoadedModel) -> dict[str, Any]:
    experiment, checkpoint = loaded.experiment, loaded.checkpoint
    return {
        "task": experiment.task.name,
        "preset": experiment.preset,
        "dataset": experiment.task.dataset,
        "seed": experiment.seed,
        "parameters": loaded.model.num_parameters(),
        "steps": checkpoint.step,
        "minutes": checkpoint.minutes(),
        "versions": checkpoint.run.versions,
    }


def _metrics(loaded: LoadedModel) -> dict[str, Any]:
    return dict(loaded.experiment.build_metrics((), loaded.session.display.note))


def _examples(loaded: LoadedModel) -> list[dict[str, Any]]:
    """A few test puzzles; none if they cannot be read, for example because they were in a folder that is gone."""
    try:
        puzzles = loaded.experiment.puzzles("test")
    except TRMError as error:
        loaded.session.display.note(f"The model card has no example puzzles: {error}")
        return []
    chosen = choose_examples(loaded.model, puzzles, loaded.steps, loaded.session.backend, EXAMPLES)
    return [example.as_json() for example in chosen]
