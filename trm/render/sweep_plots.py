"""A sweep as a figure: parallel coordinates of the settings and the score, and learning curves."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm.errors import printable
from trm.extras import extra_module
from trm.render.chart import Points
from trm.render.curves import FEW

COLORS = "viridis"
UNKNOWN = "#999999"
MOST_LABELS = 8


@dataclass(frozen=True)
class Line:
    """A combination of values in the figure.

    Attributes:
        name: its name.
        values: its settings; None where it leaves one at its default.
        score: its score; None if it has none yet.
        curves: points of each run by quantity.
    """

    name: str
    values: Mapping[str, Any]
    score: float | None
    curves: Mapping[str, Sequence[Points]]


@dataclass(frozen=True)
class SweepFigure:
    """What the axes show.

    Attributes:
        settings: the settings, an axis each.
        metric: the score that combinations are compared by.
        label: what the axis of the score is called.
        higher_is_better: whether the best score is the highest.
    """

    settings: Sequence[str]
    metric: str
    label: str
    higher_is_better: bool = True


def write_sweep(path: Path, figure: SweepFigure, lines: Sequence[Line]) -> None:
    """Draw parallel coordinates, one line per combination, above the learning curves of all runs.

    Colour stands for the score in both; the best combination is drawn thicker.

    Args:
        path: the output file; its suffix selects the format.
        figure: the axes.
        lines: the combinations.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    plot = extra_module("matplotlib.figure", "A figure").Figure(figsize=(9, 8), layout="constrained")
    known = [line.score for line in lines if line.score is not None]
    ranked = [line for line in lines if line.score is not None]
    best = (max if figure.higher_is_better else min)(ranked, key=lambda line: line.score or 0.0, default=None)
    scale = extra_module("matplotlib.cm", "A figure").ScalarMappable(
        extra_module("matplotlib.colors", "A figure").Normalize(min(known, default=0.0), max(known, default=1.0)),
        COLORS,
    )
    shown = [(line, _style(line, scale, line is best)) for line in lines]
    _parallel(plot.add_subplot(2, 1, 1), figure, shown)
    _curves(plot.add_subplot(2, 1, 2), figure, shown)
    if known:
        plot.colorbar(scale, ax=plot.axes, label=_plain(figure.label), shrink=0.6)
    plot.savefig(path, dpi=150)


def _style(line: Line, scale: Any, is_best: bool) -> dict[str, Any]:
    color = UNKNOWN if line.score is None else scale.to_rgba(line.score)
    return {
        "color": color,
        "linewidth": 3.0 if is_best else 1.3,
        "linestyle": ":" if line.score is None else "-",
        "zorder": 3 if is_best else 2,
    }


def _parallel(axes: Any, figure: SweepFigure, shown: Sequence[tuple[Line, dict[str, Any]]]) -> None:
    """An axis from 0 to 1 for each setting and for the score, with its own labels."""
    names = [*figure.settings, figure.label]
    columns: list[list[Any]] = [[line.values.get(name) for line, _ in shown] for name in figure.settings]
    columns.append([line.score for line, _ in shown])
    heights = []
    for place, column in enumerate(columns):
        axes.axvline(place, color="black", linewidth=0.8, zorder=1)
        positions, ticks = _positions(column)
        heights.append(positions)
        for height, text in ticks:
            axes.annotate(
                _plain(text),
                (place, height),
                (-6, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=8,
                zorder=4,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            )
    for number, (_, style) in enumerate(shown):
        axes.plot(range(len(columns)), [positions[number] for positions in heights], **style)
    axes.set_xticks(range(len(names)), [_plain(name).replace(".", ".\n", 1) for name in names])
    axes.set_yticks([])
    axes.set(xlim=(-0.5, len(names) - 0.7), ylim=(-0.08, 1.08))
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)


def _positions(values: Sequence[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """The height of each value on an axis from 0 to 1, NaN for none, and the labels of the axis."""
    known = [value for value in values if value is not None]
    distinct = list({json.dumps(value): value for value in known}.values())
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in distinct)
    if not numbers or not distinct:
        places = {json.dumps(value): (index + 0.5) / len(distinct) for index, value in enumerate(distinct)}
        heights = [math.nan if value is None else places[json.dumps(value)] for value in values]
        return heights, [(places[json.dumps(value)], str(value)) for value in distinct]
    low, high = min(distinct), max(distinct)
    log = low > 0 and high / low >= 10
    span = (math.log(high / low) if log else high - low) or 1.0
    ends = 0.5 if high == low else 0.0

    def height(value: float) -> float:
        return ends + (math.log(value / low) if log else value - low) / span

    ticks = sorted(distinct) if len(distinct) <= MOST_LABELS else [low, high]
    return (
        [math.nan if value is None else height(value) for value in values],
        [(height(tick), f"{tick:.4g}") for tick in ticks],
    )


def _curves(axes: Any, figure: SweepFigure, shown: Sequence[tuple[Line, dict[str, Any]]]) -> None:
    """The metric over the steps if a run was evaluated more than once, otherwise the loss; one curve per run."""
    several = any(len(points) > 1 for line, _ in shown for points in line.curves.get(figure.metric, ()))
    quantity = figure.metric if several else "loss"
    for line, style in shown:
        label: str | None = _plain(line.name) if len(shown) <= MOST_LABELS else None
        for points in filter(None, line.curves.get(quantity, ())):
            look = {**style, "linestyle": "-", "marker": "o" if len(points) <= FEW else None, "markersize": 3}
            axes.plot(*zip(*points, strict=True), **look, label=label)
            label = None  # one entry in the legend for all seeds
    if axes.lines and len(shown) <= MOST_LABELS:
        axes.legend(fontsize=8)
    if not axes.lines:
        axes.text(0.5, 0.5, "no points yet", transform=axes.transAxes, ha="center", va="center")
    where = "test puzzles" if several else "training"
    axes.set(xlabel="steps", ylabel=_plain(f"{quantity} ({where})".replace("_", " ")))
    axes.grid(alpha=0.3)


def _plain(name: str) -> str:
    return printable(name).replace("$", r"\$")
