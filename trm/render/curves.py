"""Learning curves as PNG or SVG, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trm.errors import TRMError, printable
from trm.render.chart import Points

# Okabe and Ito's colours, which people with any kind of colour vision tell apart; lines and markers differ as well.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LINES = ("-", "--", "-.", ":")
MARKERS = "osv^Dx+"
FEW = 40  # points of a curve that are marked


def write_curves(path: Path, panels: Mapping[str, Mapping[str, Points]], axis: str) -> None:
    """One panel for each quantity, one curve in it for each run.

    Args:
        path: the picture; its suffix decides the format.
        panels: by quantity and run, points (x, y).
        axis: what x is.

    Raises:
        TRMError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TRMError("Pictures need matplotlib: pip install 'trm[plot]'.") from error
    figure = Figure(figsize=(7, 3.2 * len(panels)), layout="constrained")
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
    figure.savefig(path, dpi=150)


def _plain(name: str) -> str:
    """A foreign name as matplotlib shows it: without formulas, and never hidden from the legend."""
    return printable(name).replace("$", r"\$").removeprefix("_")
