"""Line charts in the terminal, with one symbol per curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.text import Text

Points = Sequence[tuple[float, float]]

SYMBOLS = "●○▲△■□◆◇"
COLORS = ("cyan", "yellow", "magenta", "green", "blue", "red", "white", "bright_black")
HEIGHT = 12
FREE = (" ", "")
LABEL = 9  # columns of the vertical axis


def chart(title: str, series: Mapping[str, Points], axis: str, width: int, log: bool = False) -> Text:
    """Draw a chart of named series.

    Args:
        title: the chart's title.
        series: points (x, y) of each curve, in order of x. Empty curves are not drawn.
        axis: label of the x axis.
        width: number of columns; at least 30 are used.
        log: draw the y axis logarithmically. Points at or below 0 are not drawn.
    """
    drawn = {name: np.asarray(points, dtype=float).reshape(-1, 2) for name, points in series.items()}
    if log:
        drawn = {name: points[points[:, 1] > 0] for name, points in drawn.items()}
        drawn = {name: np.stack([points[:, 0], np.log10(points[:, 1])], axis=1) for name, points in drawn.items()}
    drawn = {name: points for name, points in drawn.items() if len(points)}
    text = Text(f"{title}\n", style="bold", end="")
    if not drawn:
        return text.append("no points yet", style="dim")
    columns = max(width, 30) - LABEL - 1
    left, right, low, high = _frame(drawn)
    cells = _empty(columns)
    for number, points in enumerate(drawn.values()):
        xs = np.linspace(left, right, columns)
        inside = (xs >= points[0, 0] - (xs[1] - xs[0]) / 2) & (xs <= points[-1, 0] + (xs[1] - xs[0]) / 2)
        ys = np.interp(xs, points[:, 0], points[:, 1])
        rows = np.round((high - ys) / (high - low) * (HEIGHT - 1)).astype(int)
        for column in np.flatnonzero(inside):
            taken = cells[rows[column]][column] != FREE
            if not taken or (column // 2 + number) % 2:  # overlapping curves alternate
                cells[rows[column]][column] = _mark(number)
    heights = [high, (low + high) / 2, low]
    text.append(_body(cells, [10**height for height in heights] if log else heights))
    return text.append(_foot(left, right, columns, axis, list(drawn)))


def scatter(title: str, series: Mapping[str, Points], axis: str, width: int) -> Text:
    """Draw the points of named paths in a plane, the last point of each on top.

    Args:
        title: the chart's title.
        series: points (x, y) of each path.
        axis: label of the x axis.
        width: number of columns; at least 30 are used.
    """
    drawn = {name: np.asarray(points, dtype=float) for name, points in series.items() if len(points)}
    text = Text(f"{title}\n", style="bold", end="")
    if not drawn:
        return text.append("no points yet", style="dim")
    columns = max(width, 30) - LABEL - 1
    left, right, low, high = _frame(drawn)
    cells = _empty(columns)
    for number, points in [*enumerate(drawn.values()), *enumerate(path[-1:] for path in drawn.values())]:
        across = np.round((points[:, 0] - left) / (right - left) * (columns - 1)).astype(int)
        down = np.round((high - points[:, 1]) / (high - low) * (HEIGHT - 1)).astype(int)
        for row, column in zip(down, across, strict=True):
            cells[row][column] = _mark(number)
    text.append(_body(cells, [high, (low + high) / 2, low]))
    return text.append(_foot(left, right, columns, axis, list(drawn)))


def _frame(drawn: Mapping[str, np.ndarray]) -> tuple[float, float, float, float]:
    """The ranges of x and y."""
    points = np.concatenate(list(drawn.values()))
    return *_range(points[:, 0]), *_range(points[:, 1])


def _empty(columns: int) -> list[list[tuple[str, str]]]:
    return [[FREE] * columns for _ in range(HEIGHT)]


def _body(cells: Sequence[Sequence[tuple[str, str]]], heights: Sequence[float]) -> Text:
    """The rows of a chart, with the values at the top, in the middle and at the bottom."""
    text = Text()
    labels = [f"{height:.3g}" for height in heights]
    if len(set(labels)) < len(labels):
        labels = [f"{height:.6g}" for height in heights]
    places = dict(zip((0, HEIGHT // 2, HEIGHT - 1), labels, strict=True))
    for row, line in enumerate(cells):
        text.append(places.get(row, "").rjust(LABEL - 1) + " │", style="not bold dim")
        for symbol, color in line:
            text.append(symbol, style=f"not bold {color}")
        text.append("\n")
    return text


def _foot(left: float, right: float, columns: int, axis: str, names: Sequence[str]) -> Text:
    """The x axis and the legend."""
    ends = f"{left:,.4g}", f"{right:,.4g} {axis}"
    text = Text()
    text.append(" " * LABEL + "└" + "─" * columns + "\n", style="not bold dim")
    text.append(" " * (LABEL + 1) + ends[0] + ends[1].rjust(columns - len(ends[0])), style="not bold dim")
    for number, name in enumerate(names):
        symbol, color = _mark(number)
        text.append("\n" + " " * (LABEL + 1)).append(f"{symbol} {name}", style=f"not bold {color}")
    return text


def _mark(number: int) -> tuple[str, str]:
    return SYMBOLS[number % len(SYMBOLS)], COLORS[number % len(COLORS)]


def _range(values: np.ndarray) -> tuple[float, float]:
    """The minimum and maximum; if they are equal, a range from 0 that contains them, 0 to 1 for a share."""
    low, high = float(values.min()), float(values.max())
    if high > low:
        return low, high
    return (0.0, 1.0) if 0 <= high <= 1 else (min(0.0, low), max(0.0, high))
