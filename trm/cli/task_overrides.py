"""`trm evaluate` and `trm solve` for the tasks that score or solve in their own way; nothing heavy is imported at the top."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli.output import print_json
from trm.errors import UsageError
from trm.plugins.code import load
from trm.specs import TaskSpec

if TYPE_CHECKING:
    from trm.devices import Backend
    from trm.experiment.experiment import Experiment
    from trm.runs.checkpoint import LoadedModel
    from trm.training.trainer import Trainer

TRAINING_EXAMPLES = 1000


def refuse_search(spec: TaskSpec, restarts: int, answer: str | None, use_check: bool | None) -> None:
    """A `UsageError` where test-time compute is asked for that such a task has no use for."""
    if restarts > 1 or answer or use_check:
        raise UsageError(
            f"Task {spec.name!r} has its own way to an answer: leave out --restarts, --answer and --check."
        )


def score_own_way(
    loaded: LoadedModel,
    experiment: Experiment,
    backend: Backend,
    steps: int | None,
    votes: int | None,
    limit: int | None,
    output: Path | None,
) -> dict[str, Any]:
    """The report of `trm evaluate`."""
    from trm.evaluation.requests import EvaluationRequest
    from trm.experiment.experiment import Experiment

    trained_on = Experiment.from_run(loaded.run)
    chosen_steps = steps or experiment.evaluation_steps(loaded.model.config)
    output = output or _default_folder(loaded, experiment, trained_on, steps=steps, votes=votes, limit=limit)
    assert experiment.spec.evaluate is not None
    started = time.perf_counter()
    request = EvaluationRequest(
        experiment=experiment,
        trained_on=trained_on,
        model=experiment.fitted(loaded).to(backend.device),
        backend=backend,
        steps=chosen_steps,
        batch_size=experiment.evaluation_batch_size,
        output=output,
        votes=votes,
        limit=limit,
        progress=progress_bar,
    )
    metrics = load(experiment.spec.evaluate)(request)
    return {
        "checkpoint": str(loaded.path),
        "task": experiment.spec.name,
        "step": loaded.step,
        "puzzles": len(experiment.split("test")),
        "supervision_steps": chosen_steps,
        "votes": votes,
        "seconds": round(time.perf_counter() - started, 2),
        "output": str(output),
        "metrics": metrics,
    }


def score_trained(experiment: Experiment, trainer: Trainer, run: Path) -> dict[str, float]:
    """The scores at the end of a training, of the averaged weights; some training examples are scored too."""
    from trm.evaluation.requests import EvaluationRequest

    assert experiment.spec.evaluate is not None
    model = trainer.model
    request = EvaluationRequest(
        experiment=experiment,
        trained_on=experiment,
        model=model.eval(),
        backend=trainer.backend,
        steps=experiment.evaluation_steps(model.config),
        batch_size=experiment.evaluation_batch_size,
        output=run / "evaluations" / f"step_{trainer.step}-all",
        training_examples=TRAINING_EXAMPLES,
        progress=progress_bar,
    )
    with trainer.averaged():
        scores: dict[str, float] = load(experiment.spec.evaluate)(request)
    return scores


def solve_own_way(
    loaded: LoadedModel,
    experiment: Experiment,
    backend: Backend,
    steps: int | None,
    votes: int | None,
    texts: Sequence[tuple[str, str]],
    as_json: bool,
) -> None:
    """Print what the task says to each puzzle; the exit code is 1 if one answer is known to be wrong."""
    from rich.text import Text

    from trm.evaluation.requests import SolveRequest
    from trm.render.console import Console

    assert experiment.spec.solve is not None
    request = SolveRequest(
        experiment=experiment,
        model=loaded.model.to(backend.device),
        backend=backend,
        steps=steps or experiment.evaluation_steps(loaded.model.config),
        texts=texts,
        votes=votes,
        progress=progress_bar,
    )
    console = Console(highlight=False)
    solved = []
    for puzzle in load(experiment.spec.solve)(request):
        solved.append(puzzle)
        if not as_json:
            console.print(puzzle.picture)
        if not as_json and puzzle.problem:
            console.print(Text.assemble(("not valid", "bold red"), f": {puzzle.problem}"), soft_wrap=True)
    if as_json:
        print_json([puzzle.report for puzzle in solved])
    if any(puzzle.problem for puzzle in solved):
        click.get_current_context().exit(1)


def progress_bar(items: Sequence[Any], heading: str) -> Iterable[Any]:
    """Go through items under a bar on stderr, with the time left."""
    from rich.progress import track

    from trm.render.console import Console

    return track(items, heading, total=len(items), console=Console(stderr=True), transient=True)


def _default_folder(loaded: LoadedModel, experiment: Experiment, trained_on: Experiment, **options: int | None) -> Path:
    """A folder in the run, or for weights that are no run under `evaluations/`, named after what was chosen."""
    name = "-".join(["all", *(f"{key}_{value}" for key, value in options.items() if value is not None)])
    if experiment != trained_on:
        data = repr((experiment.task_config, experiment.data, experiment.dataset, experiment.seed))
        name += f"-data_{hashlib.sha256(data.encode()).hexdigest()[:8]}"
    if loaded.step is None:
        return Path("evaluations") / f"{loaded.path.stem}-{name}"
    run = loaded.path.parent.parent if loaded.path.name.startswith("step_") else loaded.path
    return run / "evaluations" / f"step_{loaded.step}-{name}"
