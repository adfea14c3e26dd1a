"""The model card in a weights file: where the weights come from, what they reach, and a few puzzles to show them on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from trm.errors import TRMError
from trm.evaluation.examples import choose_examples, examples_of_card
from trm.evaluation.intervals import wilson
from trm.evaluation.metrics import ExactAccuracy
from trm.evaluation.options import SearchOptions
from trm.evaluation.scoring import evaluate
from trm.experiment.evaluator import share_intervals
from trm.experiment.loaded import LoadedModel
from trm.runs.run_folder import RunFolder
from trm.storage.untrusted_input import as_number

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
    read, the card has no examples, and a note says so.
    """
    checkpoint = loaded.checkpoint
    if checkpoint.folder is not None:
        return _card_of_run(loaded, RunFolder(checkpoint.folder).read_summary() or {})
    card = checkpoint.card
    recorded = _recorded(loaded, card.get("scores"), card.get("puzzles"), card.get("supervision_steps"))
    if recorded is None:
        return None
    known = {name: as_number(card.get(name)) for name in ("steps", "minutes")}
    description, vectors = loaded.task.description, checkpoint.run.model.num_puzzles
    return {
        **_origin(loaded),
        **({"steps": int(known["steps"])} if known["steps"] is not None else {}),
        **({"minutes": known["minutes"]} if known["minutes"] is not None else {}),
        **({"machine": card["machine"]} if isinstance(card.get("machine"), str) else {}),
        **recorded,
        "examples": [
            example.as_json() for example in examples_of_card(dict(card), checkpoint.path, description, vectors)
        ],
    }


def unscored_card(loaded: LoadedModel) -> dict[str, Any]:
    """Same as `model_card`, without scores."""
    return {**_origin(loaded), "supervision_steps": loaded.steps, "scores": {}, "intervals": {}, "examples": []}


def _card_of_run(loaded: LoadedModel, summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The card of a run's last checkpoint, which the summary describes; None for another checkpoint."""
    stages = summary.get("stages")
    last = stages[-1] if isinstance(stages, list) and stages and isinstance(stages[-1], dict) else summary
    recorded = _recorded(
        loaded, summary.get("final_metrics"), summary.get("test_puzzles"), summary.get("supervision_steps")
    )
    if recorded is None or last.get("steps") != loaded.checkpoint.step:
        return None
    return {**_origin(loaded), **recorded, "examples": _examples(loaded)}


def _recorded(loaded: LoadedModel, scores: object, puzzles: object, steps: object) -> dict[str, Any] | None:
    """Recorded scores with the interval of the exact accuracy; None if they are missing or malformed."""
    count, known = as_number(puzzles), dict(scores) if isinstance(scores, Mapping) else {}
    numbers = {name: number for name, value in known.items() if (number := as_number(value)) is not None}
    if not numbers or count is None or count < 1:
        return None
    metrics = loaded.experiment.build_metrics((), loaded.session.display.note)
    exact = [
        name
        for name, metric in metrics.items()
        if loaded.task.spec.evaluate is None and isinstance(metric, ExactAccuracy) and 0 <= numbers.get(name, -1) <= 1
    ]
    return {
        "puzzles": int(count),
        "supervision_steps": int(as_number(steps) or loaded.steps),
        "scores": numbers,
        "intervals": {name: list(wilson(numbers[name] * count, int(count))) for name in exact},
    }


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


def _examples(loaded: LoadedModel) -> list[dict[str, Any]]:
    """A few test puzzles; none if they cannot be read, for example because they were in a folder that is gone."""
    try:
        puzzles = loaded.experiment.puzzles("test")
    except TRMError as error:
        loaded.session.display.note(f"The model card has no example puzzles: {error}")
        return []
    chosen = choose_examples(loaded.model, puzzles, loaded.steps, loaded.session.backend, EXAMPLES)
    return [example.as_json() for example in chosen]
