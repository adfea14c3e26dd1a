"""The model card that a file of weights carries: where it comes from, what it reaches, and a few puzzles to show it on."""

from __future__ import annotations

import platform
from typing import Any

from trm.devices.backend import Backend
from trm.evaluation.examples import choose_examples
from trm.evaluation.scoring import evaluate
from trm.experiment.experiment import Experiment
from trm.runs.checkpoint import LoadedModel
from trm.runs.history import read_metrics

EXAMPLES = 4


def model_card(loaded: LoadedModel, experiment: Experiment, backend: Backend) -> dict[str, Any]:
    """Score the weights on the run's own unseen puzzles, on this machine, and say what is known of their training.

    Returns:
        `task`, `preset`, `dataset`, `seed`, `parameters`, `steps`, `minutes` (of training, None where the run's record is
        gone), `machine`, `versions`, `puzzles` and `supervision_steps` (of the scoring), `scores`, and `examples` as
        `trm.evaluation.examples` reads them.
    """
    model = loaded.model.to(backend.device).eval()
    steps = experiment.evaluation_steps(model.config)
    puzzles = experiment.split("test")
    batches = puzzles.batches(experiment.evaluation_batch_size)
    return {
        "task": experiment.spec.name,
        "preset": experiment.preset,
        "dataset": experiment.dataset,
        "seed": experiment.seed,
        "parameters": model.num_parameters(),
        "steps": loaded.step,
        "minutes": _minutes(loaded),
        "machine": f"{platform.machine()}, {backend.describe()}",
        "versions": loaded.run.versions,
        "puzzles": len(puzzles),
        "supervision_steps": steps,
        "scores": evaluate(model, batches, experiment.build_metrics(), backend, plan=experiment.search_plan(steps)),
        "examples": [example.as_json() for example in choose_examples(model, puzzles, steps, backend, EXAMPLES)],
    }


def _minutes(loaded: LoadedModel) -> float | None:
    """Training time up to the checkpoint's step, from the run's metrics."""
    folders = (loaded.path, *loaded.path.absolute().parents[:2])
    metrics = next((folder / "metrics.jsonl" for folder in folders if (folder / "metrics.jsonl").exists()), None)
    if metrics is None or loaded.step is None:
        return None
    seconds = [record["seconds"] for record in read_metrics(metrics) if record["step"] <= loaded.step]
    return round(seconds[-1] / 60, 1) if seconds else None
