"""Learning curves as PNG or SVG, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trm.errors import printable
from trm.extras import extra_module
from trm.render.chart import Points
from trm.storage.atomic import replaced_file

# The palette of Okabe and Ito, which is safe for colour-blind readers. Lines and markers differ as well.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LINES = ("-", "--", "-.", ":")
MARKERS = "osv^Dx+"
FEW = 40  # curves with at most this many points have markers


def write_curves(path: Path, panels: Mapping[str, Mapping[str, Points]], axis: str) -> None:
    """Draw one panel per quantity, with one curve per run.

    Args:
        path: the output file; its suffix selects the format.
        panels: points (x, y) by quantity and run.
        axis: label of the x axis.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figure = extra_module("matplotlib.figure", "A figure").Figure(figsize=(7, 3.2 * len(panels)), layout="constrained")
    for place, (metric, curves) in enumerate(panels.items()):
        axes = figure.add_subplot(len(panels), 1, place + 1)
        for number, (name, points) in enumerate(curves.items()):
            axes.plot(
                *zip(*points, strict=True) if points else ([], []),
                label=_plain(name),
                color=COLORS[number % len(COLORS)],
                linestyle=LINES[number % len(LINES)],
                marker=MARKERS[number % len(MARKERS)] if len(points) <= FEW else None,
                markersize=4,
            )
        axes.set(xlabel=axis, ylabel=_plain(metric.replace("_", " ")))
        axes.grid(alpha=0.3)
        axes.legend()
    with replaced_file(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix.lower().removeprefix("."))


def _plain(name: str) -> str:
    """A name for matplotlib's legend: formulas are escaped, and a leading underscore does not hide it."""
    return printable(name).replace("$", r"\$").removeprefix("_")
