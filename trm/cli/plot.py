"""`trm plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.figures import check_figure, write_figure
from trm.cli.readable import readable
from trm.errors import UsageError, nearest

if TYPE_CHECKING:
    from trm.runs.history import History

DEFAULT = ("loss", "exact_accuracy")
AXIS_LABELS = {"steps": "steps", "time": "minutes", "epochs": "epochs"}


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
    if output is not None:
        check_figure(output, "--output")
    from trm.render.chart import chart
    from trm.render.console import Console
    from trm.runs.differences import labels
    from trm.runs.listing import expanded, names

    histories = [run.history for run in readable(expanded(runs)) if run.history]
    labelled = dict(zip(labels(histories, names([run.path for run in histories])), histories, strict=True))
    panels = {metric: _curves(labelled, metric, axis) for metric in _chosen(histories, metrics)}
    console = Console(highlight=False)
    for metric, curves in panels.items():
        console.print(chart(metric.replace("_", " "), curves, AXIS_LABELS[axis], console.width), "", sep="\n")
    if output is not None:
        write_figure(output, "--output", panels, AXIS_LABELS[axis])


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
