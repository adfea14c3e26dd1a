"""The model card in a weights file: where the weights come from, what they reach, and a few puzzles to show them on."""

from __future__ import annotations

import platform
from typing import Any

from trm.evaluation.examples import choose_examples
from trm.evaluation.options import SearchOptions
from trm.evaluation.scoring import evaluate
from trm.experiment.loaded import LoadedModel

EXAMPLES = 4


def model_card(loaded: LoadedModel) -> dict[str, Any]:
    """Score weights on their run's own test puzzles, on this machine, and describe their training.

    Returns:
        `task`, `preset`, `dataset`, `seed`, `parameters`, `steps`, `minutes` (of training; None if the run kept no
        record), `machine`, `versions`, `puzzles` and `supervision_steps` (of the scoring), `scores`, and `examples` as
        `trm.evaluation.examples` reads them.
    """
    experiment, backend, model = loaded.experiment, loaded.session.backend, loaded.model
    puzzles = experiment.puzzles("test")
    plan = experiment.search(model.config, SearchOptions())
    batches = experiment.test_batches(puzzles)(None)
    return {
        "task": experiment.task.name,
        "preset": experiment.preset,
        "dataset": experiment.task.dataset,
        "seed": experiment.seed,
        "parameters": model.num_parameters(),
        "steps": loaded.checkpoint.step,
        "minutes": loaded.checkpoint.minutes(),
        "machine": f"{platform.machine()}, {backend.describe()}",
        "versions": loaded.checkpoint.run.versions,
        "puzzles": len(puzzles),
        "supervision_steps": plan.steps,
        "scores": evaluate(
            model, batches, experiment.build_metrics((), loaded.session.display.note), backend, plan=plan
        ),
        "examples": [example.as_json() for example in choose_examples(model, puzzles, plan.steps, backend, EXAMPLES)],
    }
