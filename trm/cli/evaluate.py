"""`trm evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    device_option,
    json_option,
    metric_option,
    registry_with_warnings,
    search_options,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json

if TYPE_CHECKING:
    from trm.experiment.results import Score


@click.command("evaluate")
@click.argument("checkpoint", shell_complete=complete.checkpoints)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of arrays to score instead of the run's own test puzzles."
)
@click.option("--dataset", help="Another of the task's datasets.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="task.A=B",
    help="Change a setting of the task's data, for example task.test_puzzles=5000.",
)
@search_options
@click.option(
    "--split", type=click.Choice(["train", "test"]), default="test", show_default=True, help="The split to score."
)
@click.option("--limit", type=click.IntRange(min=1), help="Number of puzzles to score (default: all).")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the data (default: the run's).")
@metric_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the files that some tasks write beside their scores, such as ARC's submission (default: a folder in "
    "the run). An interrupted evaluation continues from it.",
)
@device_option
@threads_option
@json_option
def command(
    checkpoint: str,
    data: Path | None,
    dataset: str | None,
    sets: tuple[str, ...],
    split: str,
    limit: int | None,
    seed: int | None,
    metrics: tuple[str, ...],
    output: Path | None,
    device: str,
    threads: int | None,
    as_json: bool,
    **search: Any,
) -> None:
    """Score CHECKPOINT: a run folder, a step_N folder in it, a weights file, or a task that ships weights."""
    registry_with_warnings()
    use_threads(threads)
    from trm.cli.display import CommandDisplay
    from trm.experiment.solver import load
    from trm.experiment.source import DataSource

    solver = load(checkpoint, device=device, display=CommandDisplay())
    source = DataSource(data=data, dataset=dataset, settings=sets, seed=seed)
    score = solver.evaluate(source=source, split=split, limit=limit, metrics=metrics, output=output, **search)
    if as_json:
        print_json(score.as_json())
    else:
        _print(score)


def _print(score: Score) -> None:
    tries = (score.restarts or 1) * (score.votes or 1)
    searched = f", {tries} tries" if tries > 1 else ""
    searched += ", most confident answer of all steps" if score.answer == "surest" else ""
    searched += ", checked by the rules" if score.checked else ""
    echo(
        f"{score.task}: {score.puzzles:,} puzzles, {score.supervision_steps} supervision steps{searched}, "
        f"{score.seconds:.1f} s"
    )
    for name, value in score.metrics.items():
        echo(f"  {name:<20} {value:.2%}")
    if score.output is not None:
        echo(f"Written to {score.output}")
