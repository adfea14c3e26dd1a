"""`trm plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.output import echo
from trm.errors import UsageError, cannot_write, nearest
from trm.extras import extra_module

if TYPE_CHECKING:
    from trm.runs.history import History

DEFAULT = ("loss", "exact_accuracy")
AXIS_LABELS = {"steps": "steps", "time": "minutes", "epochs": "epochs"}
SUFFIXES = (".png", ".svg", ".pdf")


@click.command("plot")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), shell_complete=complete.runs)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=complete.curves,
    help="Quantity to plot; may be repeated (default: loss and exact_accuracy).",
)
@click.option(
    "--x",
    "axis",
    type=click.Choice(list(AXIS_LABELS)),
    default="steps",
    show_default=True,
    help="Horizontal axis.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a figure: FILE.png, FILE.svg or FILE.pdf.",
)
def command(runs: tuple[Path, ...], metrics: tuple[str, ...], axis: str, output: Path | None) -> None:
    """Plot learning curves of RUNS in the terminal, and with --output to a file.

    RUNS are run folders, or folders of runs. Each curve is labelled by the settings that tell its run from the others.
    """
    if output is not None and output.suffix not in SUFFIXES:
        raise UsageError(f"--output {output}: use a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    if output is not None:
        extra_module("matplotlib", "--output")
    from trm.render.chart import chart
    from trm.render.console import Console
    from trm.runs.differences import labels
    from trm.runs.listing import names

    histories = _readable(runs)
    labelled = dict(zip(labels(histories, names([run.path for run in histories])), histories, strict=True))
    panels = {metric: _curves(labelled, metric, axis) for metric in _chosen(histories, metrics)}
    console = Console(highlight=False)
    for metric, curves in panels.items():
        console.print(chart(metric.replace("_", " "), curves, AXIS_LABELS[axis], console.width), "", sep="\n")
    if output is not None:
        _write(output, panels, AXIS_LABELS[axis])


def _readable(runs: Sequence[Path]) -> list[History]:
    """The runs, without damaged ones that a folder of runs contains."""
    from trm.runs.listing import expanded

    listed = expanded(runs)
    for run in listed:
        if run.problem:
            echo(f"Skipped a damaged run, {run.path}: {run.problem}", err=True)
    histories = [run.history for run in listed if run.history]
    if not histories:
        raise UsageError("All of these runs are damaged. `trm runs` lists other runs.")
    return histories


def _chosen(histories: Sequence[History], metrics: Sequence[str]) -> Sequence[str]:
    """The quantities to plot.

    Raises:
        UsageError: none of the runs has a quantity of that name.
    """
    known = {name for history in histories for name in history.metrics()}
    for metric in metrics:
        if metric not in known:
            raise UsageError(f"--metric {metric}: no run has this quantity. {nearest(metric, known)}")
    return metrics or [metric for metric in DEFAULT if metric in known] or DEFAULT


def _curves(labelled: Mapping[str, History], metric: str, axis: str) -> dict[str, list[tuple[float, float]]]:
    """The points of each run by its label."""
    scale = 60 if axis == "time" else 1
    return {label: [(x / scale, y) for x, y in history.curve(metric, axis)] for label, history in labelled.items()}


def _write(output: Path, panels: dict[str, dict[str, list[tuple[float, float]]]], axis: str) -> None:
    from trm.render.curves import write_curves

    try:
        write_curves(output, panels, axis)
    except OSError as error:
        raise cannot_write(output, error) from error
    echo(f"Written: {output}")
