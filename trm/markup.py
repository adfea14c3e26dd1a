"""HTML fragments for notebooks: escaped, without scripts or files to load, readable on light and dark backgrounds.

A notebook's theme is not known to its outputs, so the fragments use the surrounding text colour, and colours of medium
brightness that have a contrast of about 4 to 1 or more with white and with near-black alike. Styles are inline, because
some viewers drop style sheets. Imports the standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

GREY, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN = (
    "#757575",
    "#e02f28",
    "#18883d",
    "#9b6d04",
    "#1a73e6",
    "#c138c1",
    "#088294",
)
TERMINAL = (GREY, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, GREY)
"""The eight colours of a terminal, which serve as its bright ones as well."""

MONOSPACE = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
LINE = "1px solid color-mix(in srgb,currentColor 25%,transparent)"
CHART_WIDTH, CHART_HEIGHT = 260, 64

Points = Sequence[tuple[float, float]]


def panel(title: str, *parts: str) -> str:
    """A box. The title is text, empty for none; the parts are HTML, of which empty ones are dropped."""
    heading = f'<div style="font-weight:600">{escape(title)}</div>' if title else ""
    inner = "".join(f'<div style="margin:.3em 0">{part}</div>' for part in parts if part)
    return (
        f'<div class="trm" style="display:inline-block;max-width:100%;box-sizing:border-box;overflow-x:auto;border:{LINE};'
        f'border-radius:6px;padding:.4em .8em;line-height:1.4">{heading}{inner}</div>'
    )


def note(text: str) -> str:
    """A line of less important text."""
    return f'<span style="opacity:.75">{escape(text)}</span>'


def facts(rows: Mapping[str, str]) -> str:
    """A table of names and values, all of them text; rows with an empty value are dropped."""
    return table((), ((name, value) for name, value in rows.items() if value))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text whose first column names the rows. Columns without any text are dropped.

    Args:
        head: headings of the columns; empty for none.
        rows: cells of each row, as many in each.
    """
    lines = [list(row) for row in rows]
    used = [any(row[column] for row in lines) for column in range(len(lines[0]) if lines else 0)]
    head, *lines = ([text for text, keep in zip(row, used, strict=False) if keep] for row in (head, *lines))
    cell = "text-align:left;vertical-align:top;padding:.1em 1em .1em 0;border:0;background:none;white-space:normal"
    headings = "".join(f'<th style="{cell}">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr style="background:none"><td style="{cell};opacity:.75">{escape(first)}</td>'
        + "".join(f'<td style="{cell}">{escape(text)}</td>' for text in rest)
        + "</tr>"
        for first, *rest in filter(None, lines)
    )
    top = f'<tr style="background:none">{headings}</tr>' if head else ""
    return f'<table style="border-collapse:collapse;border:0;margin:0;font-size:inherit">{top}{body}</table>'


def grid(texts: Sequence[str], columns: int) -> str:
    """Short texts as the cells of a grid, for a puzzle without a picture."""
    cell = f"text-align:center;padding:.05em .35em;border:{LINE};background:none;font-family:{MONOSPACE}"
    rows = [texts[start : start + columns] for start in range(0, len(texts), columns)]
    lines = "".join(
        f'<tr style="background:none">{"".join(f"<td style={chr(34)}{cell}{chr(34)}>{escape(text)}</td>" for text in row)}</tr>'
        for row in rows
    )
    return f'<table style="border-collapse:collapse;border:0;margin:0;font-size:inherit">{lines}</table>'


def beside(*parts: str) -> str:
    """HTML parts side by side, or below each other if there is not enough room."""
    inner = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'<div style="display:flex;flex-wrap:wrap;gap:.5em 2em;align-items:flex-start">{inner}</div>'


def bar(share: float) -> str:
    """A bar for a value from 0 to 1."""
    percent = 100 * min(max(share, 0.0), 1.0)
    return (
        f'<span role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent:.0f}" '
        'style="display:inline-block;vertical-align:middle;width:14em;max-width:60vw;height:.6em;border-radius:.3em;'
        'background:color-mix(in srgb,currentColor 18%,transparent)"><span style="display:block;height:100%;'
        f'border-radius:.3em;width:{percent:.1f}%;background:{BLUE}"></span></span>'
    )


def chart(title: str, points: Points, *, low: float | None = None, high: float | None = None) -> str:
    """A small line chart with its last value; empty for fewer than two points.

    Args:
        title: its title, which is text.
        points: (x, y), in order of x.
        low: the bottom of the vertical axis. Default: the smallest value.
        high: the top. Default: the largest value.
    """
    if len(points) < 2:
        return ""
    points = _thinned(points)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    bottom, top = (min(ys) if low is None else low), (max(ys) if high is None else high)
    width, height = (xs[-1] - xs[0]) or 1.0, (top - bottom) or 1.0
    path = " ".join(
        f"{(x - xs[0]) / width * CHART_WIDTH:.1f},{(1 - (y - bottom) / height) * CHART_HEIGHT:.1f}" for x, y in points
    )
    label = f"{title}: {ys[0]:.3g} to {ys[-1]:.3g}"
    return (
        f'<div style="font-size:.9em">{note(f"{title}, last {ys[-1]:.3g}")}</div>'
        f'<svg role="img" aria-label="{escape(label)}" width="{CHART_WIDTH}" height="{CHART_HEIGHT + 4}" '
        f'viewBox="0 -2 {CHART_WIDTH} {CHART_HEIGHT + 4}" style="max-width:100%"><path d="M0 {CHART_HEIGHT}H{CHART_WIDTH}" '
        f'stroke="currentColor" stroke-opacity=".3"/><polyline points="{path}" fill="none" stroke="{BLUE}" '
        'stroke-width="2" stroke-linejoin="round"/></svg>'
    )


def _thinned(points: Points) -> Points:
    """At most about one point per pixel, the last one included."""
    step = -(-len(points) // CHART_WIDTH)
    return [*points[:-1:step], points[-1]]
