"""Puzzles as HTML, for notebooks: how many there are, and the first few with their answers."""

from __future__ import annotations

from collections.abc import Sequence

from trm.data.ranges import IGNORED, IntArray
from trm.markup import beside, grid, note, panel
from trm.words import counted

SHOWN = 2
"""Number of puzzles shown."""

LARGEST = 900
"""Number of positions up to which puzzles are shown."""

ROW = 24
"""Cells in a row for a puzzle without a grid."""


def puzzles_html(
    count: int, inputs: IntArray, labels: IntArray, groups: int, names: Sequence[str], shape: tuple[int, int] | None
) -> str:
    """A summary of puzzles, with the first of them.

    Args:
        count: number of puzzles.
        inputs: the first `SHOWN` puzzles ``[n, L]``.
        labels: their answers ``[n, L]``; -100 marks positions that are not scored.
        groups: number of groups.
        names: one name per token; may be empty.
        shape: rows and columns of the grid; None without one.
    """
    length = inputs.shape[1]
    few = len(labels) if length <= LARGEST else 0
    columns = shape[1] if shape else min(length, ROW)
    return panel(
        counted(count, "puzzle") + (f" in {counted(groups, 'group')}" if groups != count else ""),
        note(counted(length, "position") + (f", {counted(len(names), 'token')}" if names else "")),
        *(_example(inputs[row], labels[row], names, columns) for row in range(few)),
        note(f"and {count - few:,} more") if 0 < few < count else "",
    )


def _example(puzzle: IntArray, answer: IntArray, names: Sequence[str], columns: int) -> str:
    known = note("answer") + _tokens(answer, names, columns) if (answer != IGNORED).any() else ""
    return beside(note("puzzle") + _tokens(puzzle, names, columns), known)


def _tokens(tokens: IntArray, names: Sequence[str], columns: int) -> str:
    """Tokens ``[L]`` by their names; positions that are not scored are blank."""
    texts = [
        "" if token == IGNORED else names[token] if token < len(names) else str(token) for token in tokens.tolist()
    ]
    return grid(texts, columns)
