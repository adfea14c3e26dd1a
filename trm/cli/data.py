"""`trm data build` and `trm data info`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trm.cli.common import json_option, print_json, registry_with_warnings, seed_option, task_options

SPLITS = ("train", "test")


@click.group("data", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Build data sets on disk, or describe them."""


@command.command("build")
@click.argument("task")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A folder that doesn't exist yet.")
@task_options
@seed_option
def build(task: str, output: Path, preset: str | None, sets: tuple[str, ...], dataset: str | None, seed: int) -> None:
    """Write the puzzles of TASK in the array layout that HRM and TRM code bases share."""
    registry_with_warnings()
    from trm.data.layout import write_identifiers, write_split
    from trm.errors import TRMError
    from trm.experiment import Experiment
    from trm.training.run_folder import check_free

    check_free(output)
    experiment = Experiment.from_preset(task, preset, sets, dataset=dataset, seed=seed)
    try:
        for split in SPLITS:
            puzzles = experiment.split(split)
            write_split(output, split, puzzles)
            click.echo(f"{split}: {len(puzzles):,} puzzles in {puzzles.num_groups:,} groups")
        write_identifiers(output, puzzles)
    except OSError as error:
        raise TRMError(f"The data can't be written to {output}: {error.strerror}.") from error
    click.echo(f"Train on it with: trm train {task} --data {output}")


@command.command("info")
@click.argument("task")
@task_options
@click.option("--data", type=click.Path(path_type=Path), help="A folder of arrays in place of the dataset.")
@seed_option
@json_option
def info(
    task: str,
    preset: str | None,
    sets: tuple[str, ...],
    dataset: str | None,
    data: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Sizes, tokens and an example of the puzzles of TASK."""
    registry_with_warnings()
    from trm.experiment import Experiment

    experiment = Experiment.from_preset(task, preset, sets, dataset=dataset, data=data, seed=seed)
    report = _report(experiment)
    if as_json:
        print_json(report)
        return
    for key, value in report.items():
        if key not in ("extras",):
            click.echo(f"{key}: {value}")
    for name, quartiles in report["extras"].items():
        click.echo(f"{name} (quartiles of the test split): {', '.join(f'{value:g}' for value in quartiles)}")
    _show_example(experiment)


def _report(experiment: Any) -> dict[str, Any]:
    import numpy as np

    splits = {split: experiment.split(split) for split in SPLITS}
    description = experiment.description
    extras = splits["test"].extras
    return {
        "task": experiment.spec.name,
        "dataset": str(experiment.data or experiment.dataset),
        **{split: f"{len(puzzles):,} puzzles in {puzzles.num_groups:,} groups" for split, puzzles in splits.items()},
        "positions": description.seq_len,
        "grid": "x".join(map(str, description.structure.grid)) if description.structure.grid else "none",
        "tokens": " ".join(description.token_names) or description.vocab_size,
        "extras": {
            name: np.percentile(column, [0, 25, 50, 75, 100]).tolist()
            for name, column in extras.items()
            if np.asarray(column).ndim == 1
        },
    }


def _show_example(experiment: Any) -> None:
    import numpy as np
    from rich.columns import Columns
    from rich.console import Console
    from rich.panel import Panel

    from trm.data.puzzle_set import IGNORED

    puzzles = experiment.split("test")
    inputs = np.asarray(puzzles.inputs[0])
    labels = puzzles.scored_labels(slice(0, 1))[0]
    answer = np.where(labels == IGNORED, inputs, labels)
    renderer = experiment.build_renderer()
    Console().print(
        Columns(
            [Panel(renderer.render(inputs), title="puzzle"), Panel(renderer.render(inputs, answer), title="answer")]
        )
    )
