"""The panels of a figure as numbers: what is drawn, and what is written beside it as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trm.render.chart import Points

COLUMNS = ("panel", "curve", "x", "y", "low", "high")


@dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
        x, y: coordinates of its points.
        low, high: lower and upper ends of a band around them; empty without one.
    """

    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    @classmethod
    def through(cls, points: Points) -> Curve:
        """A line through points (x, y), without a band."""
        return cls([x for x, _ in points], [y for _, y in points])

    def points(self) -> Points:
        return list(zip(self.x, self.y, strict=True))

    def as_json(self) -> dict[str, list[float]]:
        values = {"x": self.x, "y": self.y, "low": self.low, "high": self.high}
        return {name: [float(number) for number in row] for name, row in values.items() if len(row)}


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        title: the quantity.
        axis: label of the x axis.
        curves: by name.
        log: whether the y axis is logarithmic.
        paths: whether the curves are paths in a plane, whose beginning and end are marked.
        height_label: label of the y axis. Default: none, as the title names the quantity.
    """

    title: str
    axis: str
    curves: Mapping[str, Curve] = field(default_factory=dict)
    log: bool = False
    paths: bool = False
    height_label: str = ""

    def as_json(self) -> dict[str, Any]:
        curves = [{"name": name, **curve.as_json()} for name, curve in self.curves.items()]
        return {"title": self.title, "axis": self.axis, "curves": curves}


def as_csv(panels: Sequence[Panel]) -> str:
    """The panels as a CSV table with one row a point. Fields that a curve lacks are empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for panel in panels:
        for name, curve in panel.curves.items():
            bands = zip(curve.low, curve.high, strict=True) if len(curve.low) else [("", "")] * len(curve.x)
            for x, y, (low, high) in zip(curve.x, curve.y, bands, strict=True):
                table.writerow((panel.title, name, x, y, low, high))
    return text.getvalue()


def as_json(panels: Sequence[Panel], facts: Mapping[str, Any]) -> str:
    """The panels as a JSON document, after other facts."""
    document = {**facts, "panels": [panel.as_json() for panel in panels]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
