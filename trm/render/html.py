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


def as_table(scores: Mapping[str, float], intervals: Mapping[str, tuple[float, float]] | None = None) -> str:
    """Scores, 0 to 1, as an HTML table of percentages.

    Args:
        scores: values by name.
        intervals: 95 % confidence intervals by name. Default: none.
    """
    rows = []
    for name, value in scores.items():
        interval = (intervals or {}).get(name)
        rows.append((name, f"{value:.2%}", f"95 % interval {interval[0]:.1%} to {interval[1]:.1%}" if interval else ""))
    return table((), rows)


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
