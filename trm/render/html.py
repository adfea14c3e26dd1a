"""Rich renderables and scores as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape, unescape
from itertools import groupby

from rich.console import RenderableType

from trm.errors import printable
from trm.markup import GREY, MONOSPACE, TERMINAL, table
from trm.render.page.build import style_css
from trm.render.picture import draw

THEME = "".join(f"--c{number}:{color};" for number, color in enumerate(TERMINAL * 2)) + f"--fg:{GREY};--bg:#fff"
"""The colours that `style_css` refers to. The surrounding page decides on the background."""


def as_html(renderable: RenderableType) -> str:
    """A renderable of at most 80 columns as one preformatted HTML element with inline styles."""
    lines = []
    for row in draw(renderable).rows:
        line = ""
        for style, cells in groupby(row, key=lambda cell: style_css(cell[1])):
            text = escape(printable("".join(text for text, _ in cells)))
            line += f'<span style="{style}">{text}</span>' if style else text
        lines.append(line.rstrip())
    return (
        f'<pre style="{THEME};margin:0;padding:0;border:0;background:none;color:inherit;font-family:{MONOSPACE};'
        f'line-height:1.25;overflow-x:auto">{chr(10).join(lines)}</pre>'
    )


def percentages(scores: Mapping[str, float]) -> dict[str, str]:
    """Scores, 0 to 1, as text."""
    return {name: f"{value:.2%}" for name, value in scores.items()}


def as_table(scores: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]) -> str:
    """Scores, 0 to 1, as an HTML table of percentages, with their 95 % confidence intervals as far as there are any."""
    ranges = {name: f"95 % interval {low:.1%} to {high:.1%}" for name, (low, high) in intervals.items()}
    return table((), ((name, text, ranges.get(name, "")) for name, text in percentages(scores).items()))


def as_frame(page: str, height: str = "36em") -> str:
    """A whole page inside a notebook's output. Its scripts run, but cannot reach the notebook.

    Args:
        page: the page, which loads nothing.
        height: CSS length of the frame, whose lower edge can be dragged.
    """
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{escape(page)}" title="{escape(_title_of(page))}" style="width:100%;'
        f'max-width:60em;height:{height};resize:vertical;border:0;border-radius:6px"></iframe>'
    )


def _title_of(page: str) -> str:
    """The text of a page's title."""
    return unescape(page.partition("<title>")[2].partition("</title>")[0])
