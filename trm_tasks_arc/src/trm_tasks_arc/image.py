"""ARC grids as an SVG image, with the digits in the cells."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from trm_tasks_arc.colours import PALETTE, ink
from trm_tasks_arc.grids import Grid, as_grid

CELL, GAP, TITLE = 24, 24, 28
LINE, PAPER = "#555555", "#ffffff"


def svg(grids: Sequence[tuple[str, Any]]) -> str:
    """Draw titled grids side by side, such as ``[("input", ...), ("target", ...), ("prediction", ...)]``.

    Args:
        grids: titles and grids. An empty grid is drawn as its title alone.

    Returns:
        The text of an SVG file.

    Raises:
        DataError: a grid is malformed.
    """
    parts, left, height = [], GAP, 0
    for title, value in grids:
        grid = as_grid(value, title, empty=True)
        parts.append(f'<text x="{left}" y="{TITLE - 8}" font-size="16" fill="#000000">{escape(title)}</text>')
        parts += _cells(grid, left)
        left += max(grid.shape[1] * CELL, 10 * len(title)) + GAP
        height = max(height, grid.shape[0] * CELL)
    size = f'width="{left}" height="{TITLE + height + GAP}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace">'
    return "\n".join([head, f'<rect {size} fill="{PAPER}"/>', *parts, "</svg>\n"])


def _cells(grid: Grid, left: int) -> list[str]:
    cells = []
    for row, colours in enumerate(grid.tolist()):
        for column, colour in enumerate(colours):
            x, y = left + column * CELL, TITLE + row * CELL
            box = f'x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{PALETTE[colour]}" stroke="{LINE}"'
            place = f'x="{x + CELL / 2:g}" y="{y + CELL * 0.7:g}" font-size="{CELL // 2}" text-anchor="middle"'
            cells += [f"<rect {box}/>", f'<text {place} fill="{ink(colour)}">{colour}</text>']
    return cells
