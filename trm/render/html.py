"""Rich renderables and scores as HTML, for notebooks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape

from rich.console import RenderableType
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from trm.render.console import Console

WIDTH = 100


def as_html(renderable: RenderableType) -> str:
    """A renderable as one preformatted HTML element with inline styles."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False)
    console.print(renderable)
    return console.export_html(
        theme=DEFAULT_TERMINAL_THEME, inline_styles=True, code_format="<pre style='line-height:1.2'>{code}</pre>"
    )


def as_table(caption: str, scores: Mapping[str, float]) -> str:
    """Scores, 0 to 1, as an HTML table of percentages."""
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{value:.2%}</td></tr>" for name, value in scores.items())
    return f"<table><caption>{escape(caption)}</caption>{rows}</table>"
