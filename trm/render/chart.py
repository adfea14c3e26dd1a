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


def chart(title: str, series: Mapping[str, Points], axis: str, width: int) -> Text:
    """Draw a chart of named series.

    Args:
        title: the chart's title.
        series: points (x, y) of each curve, in order of x. Empty curves are not drawn.
        axis: label of the x axis.
        width: number of columns; at least 30 are used.
    """
    drawn = {name: np.asarray(points, dtype=float) for name, points in series.items() if len(points)}
    text = Text(f"{title}\n", style="bold", end="")
    if not drawn:
        return text.append("no points yet", style="dim")
    columns = max(width, 30) - LABEL - 1
    left, right = _range(np.concatenate([points[:, 0] for points in drawn.values()]))
    low, high = _range(np.concatenate([points[:, 1] for points in drawn.values()]))
    cells = [[FREE] * columns for _ in range(HEIGHT)]
    for number, points in enumerate(drawn.values()):
        xs = np.linspace(left, right, columns)
        inside = (xs >= points[0, 0] - (xs[1] - xs[0]) / 2) & (xs <= points[-1, 0] + (xs[1] - xs[0]) / 2)
        ys = np.interp(xs, points[:, 0], points[:, 1])
        rows = np.round((high - ys) / (high - low) * (HEIGHT - 1)).astype(int)
        for column in np.flatnonzero(inside):
            taken = cells[rows[column]][column] != FREE
            if not taken or (column // 2 + number) % 2:  # overlapping curves alternate
                cells[rows[column]][column] = _mark(number)
    for row, line in enumerate(cells):
        label = {0: high, HEIGHT // 2: (low + high) / 2, HEIGHT - 1: low}.get(row)
        text.append(("" if label is None else f"{label:.3g}").rjust(LABEL - 1) + " │", style="not bold dim")
        for symbol, color in line:
            text.append(symbol, style=f"not bold {color}")
        text.append("\n")
    ends = f"{left:,.4g}", f"{right:,.4g} {axis}"
    text.append(" " * LABEL + "└" + "─" * columns + "\n", style="not bold dim")
    text.append(" " * (LABEL + 1) + ends[0] + ends[1].rjust(columns - len(ends[0])), style="not bold dim")
    for number, name in enumerate(drawn):
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
