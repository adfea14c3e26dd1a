"""Figures as PNG, SVG or PDF, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trm.errors import printable
from trm.extras import extra_module
from trm.render.panels import Curve, Panel
from trm.storage.atomic import replaced_file

# The palette of Okabe and Ito, which is safe for colour-blind readers. Lines and markers differ as well.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LINES = ("-", "--", "-.", ":")
MARKERS = "osv^Dx+"
SVG = {"svg.fonttype": "none", "svg.hashsalt": "trm"}
"""Settings of matplotlib for SVG: text stays text, and the same figure is written as the same file."""

FEW = 40  # curves with at most this many points have markers
MANY = 4  # more panels than this stand in two columns


def write_panels(path: Path, panels: Sequence[Panel]) -> None:
    """Draw panels, with their curves and bands.

    Args:
        path: the output file; its suffix selects the format.
        panels: at least one.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: the file cannot be written; an earlier file is untouched.
    """
    columns = 2 if len(panels) > MANY else 1
    rows = -(-len(panels) // columns)
    size = (7 if columns == 1 else 12, (6 if panels[0].paths and len(panels) == 1 else 3.2) * rows)
    figure = extra_module("matplotlib.figure", "A figure").Figure(figsize=size, layout="constrained")
    for place, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, place)
        for number, (name, curve) in enumerate(panel.curves.items()):
            _draw(axes, number, _plain(name), curve, panel.paths)
        axes.set(xlabel=_plain(panel.axis), ylabel=_plain(panel.height_label))
        axes.set_title(_plain(panel.title), fontsize="medium")
        if panel.log and any(value > 0 for curve in panel.curves.values() for value in curve.y):
            axes.set_yscale("log", nonpositive="mask")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small", framealpha=0.6)
    kind = path.suffix.lower().removeprefix(".")
    with replaced_file(path) as file, extra_module("matplotlib", "A figure").rc_context(SVG):
        figure.savefig(file, dpi=150, format=kind, metadata={"Date": None} if kind == "svg" else None)


def _draw(axes: Any, number: int, name: str, curve: Curve, path: bool) -> None:
    """Draw the curve of a number; a path has an open circle at its beginning and a star at its end."""
    color = COLORS[number % len(COLORS)]
    marker = MARKERS[number % len(MARKERS)] if len(curve.x) <= FEW else None
    style = LINES[number % len(LINES)]
    axes.plot(curve.x, curve.y, label=name, color=color, linestyle=style, marker=marker, markersize=4)
    if len(curve.low):
        axes.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.15, linewidth=0)
    if path and len(curve.x):
        axes.plot(curve.x[:1], curve.y[:1], "o", color=color, markersize=11, fillstyle="none")
        axes.plot(curve.x[-1:], curve.y[-1:], "*", color=color, markersize=13)


def _plain(name: str) -> str:
    """A name for matplotlib's legend: formulas are escaped, and a leading underscore does not hide it."""
    return printable(name).replace("$", r"\$").removeprefix("_")
