"""`trm plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.chosen import is_given
from trm.cli.common import data_settings_option, device_option, json_option, threads_option
from trm.cli.figures import check_figure, line_panels, write_panels
from trm.cli.output import print_json
from trm.cli.readable import readable
from trm.errors import UsageError, nearest
from trm.plugins.registry import get_registry

if TYPE_CHECKING:
    from trm.render.panels import Panel
    from trm.runs.history import History

DEFAULT = ("loss", "exact_accuracy")
AXIS_LABELS = {"steps": "steps", "time": "minutes", "epochs": "epochs"}
OPTIONS_OF = {
    "metrics": ("curves",),
    "axis": ("curves",),
    "steps": ("convergence", "trajectory", "messages"),
    "limit": ("convergence",),
    "dataset": ("convergence",),
    "sets": ("convergence",),
    "puzzle": ("trajectory", "messages"),
    "restarts": ("trajectory",),
    "device": ("convergence", "trajectory", "messages"),
    "threads": ("convergence", "trajectory", "messages"),
}
"""The kinds of plots that an option belongs to, by the name of Click's parameter. Other options belong to all."""


@click.command("plot")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...", shell_complete=complete.plotted)
@click.option(
    "--kind",
    type=click.Choice(["curves", "convergence", "trajectory", "messages"]),
    default="curves",
    show_default=True,
    help="curves: of trainings. convergence: how far each step moves the state, over many steps and puzzles. trajectory: "
    "the state of one puzzle in its principal components. messages: what positions receive, by source.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=complete.curves,
    help="curves: quantity to plot; may be repeated (default: loss and exact_accuracy).",
)
@click.option(
    "--x",
    "axis",
    type=click.Choice(list(AXIS_LABELS)),
    default="steps",
    show_default=True,
    help="curves: horizontal axis.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Other kinds: supervision steps (default: 64 for convergence, otherwise same as in training).",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="convergence: number of test puzzles.",
)
@click.option("--dataset", help="convergence: another of the task's datasets.", shell_complete=complete.datasets)
@data_settings_option("convergence: change a setting of the task's data; may be repeated.")
@click.option(
    "--puzzle",
    metavar="TEXT",
    shell_complete=complete.files,
    help="trajectory, messages: text or a file; `-` reads stdin (default: a test puzzle that took many steps).",
)
@click.option(
    "--restarts",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="trajectory: number of initial states.",
)
@device_option
@threads_option
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a figure (FILE.png, FILE.svg, FILE.pdf) or its numbers (FILE.csv, FILE.json); may be repeated.",
)
@json_option
def command(runs: tuple[str, ...], kind: str, outputs: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Plot learning curves of RUNS in the terminal, and with --output to a file.

    RUNS are run folders, folders of runs, or hf://owner/name. Each curve is labelled by the settings that tell its run
    from the others.

    With another --kind, RUNS are weights, as for `trm evaluate`: the plot shows what happens inside the network.
    """
    for name, kinds in OPTIONS_OF.items():
        if kind not in kinds and is_given(name):
            *most, last = kinds
            owners = f"{', '.join(most)} or {last}" if most else last
            raise UsageError(f"--{_option(name)} goes with --kind {owners}, not with {kind}.")
    for output in outputs:
        check_figure(output, "--output", numbers=True)
    facts: dict[str, Any] = {"kind": kind}
    if kind == "curves":
        panels = _learning_curves(runs, options["metrics"], options["axis"])
    else:
        from trm.cli.inside import panels_of

        panels, found = panels_of(kind, runs, options, quiet=as_json)
        facts |= found
    for output in outputs:
        write_panels(output, "--output", panels, facts, err=as_json)
    if as_json:
        print_json({**facts, "panels": [panel.as_json() for panel in panels]})
    else:
        _show(panels)


def _option(name: str) -> str:
    """The name of an option by the name of Click's parameter."""
    return {"metrics": "metric", "axis": "x", "sets": "set"}.get(name, name)


def _show(panels: Sequence[Panel]) -> None:
    """Draw panels in the terminal."""
    from trm.render.chart import chart, scatter
    from trm.render.console import Console

    console = Console(highlight=False)
    for panel in panels:
        points = {name: curve.points() for name, curve in panel.curves.items()}
        if panel.paths:
            drawn = scatter(panel.title, points, panel.axis, console.width)
        else:
            drawn = chart(panel.title, points, panel.axis, console.width, panel.log)
        console.print(drawn, "", sep="\n")


def _learning_curves(runs: Sequence[str], metrics: Sequence[str], axis: str) -> list[Panel]:
    from trm.runs.differences import labels
    from trm.runs.listing import expanded, names

    for name in runs:
        if name.partition(":")[0] in get_registry().tasks() and not Path(name).exists():
            raise UsageError(
                f"{name} names shipped weights, which have no learning curves. "
                "Look inside them with --kind convergence, trajectory or messages."
            )
    histories = [run.history for run in readable(expanded([Path(run) for run in runs])) if run.history]
    labelled = dict(zip(labels(histories, names([run.path for run in histories])), histories, strict=True))
    curves = {metric: _curves(labelled, metric, axis) for metric in _chosen(histories, metrics)}
    return line_panels(curves, AXIS_LABELS[axis])


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
