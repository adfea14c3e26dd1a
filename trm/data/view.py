"""Puzzles as HTML, for notebooks: how many there are, and the first few with their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.data.ranges import IGNORED, IntArray
from trm.markup import beside, grid, note, panel
from trm.words import counted

if TYPE_CHECKING:
    from trm.data.puzzle_set import Description, PuzzleSet

SHOWN = 2
"""Number of puzzles shown."""

LARGEST = 900
"""Number of positions up to which puzzles are shown."""

ROW = 24
"""Cells in a row for a puzzle without a grid."""


def puzzles_html(puzzles: PuzzleSet) -> str:
    """A summary of puzzles, with the first of them."""
    description = puzzles.description
    groups = f" in {counted(puzzles.num_groups, 'group')}" if puzzles.num_groups != len(puzzles) else ""
    few = min(SHOWN, len(puzzles)) if description.seq_len <= LARGEST else 0
    more = len(puzzles) - few
    return panel(
        counted(len(puzzles), "puzzle") + groups,
        note(f"{counted(description.seq_len, 'position')}, {counted(description.vocab_size, 'token')}"),
        *(_example(puzzles, row) for row in range(few)),
        note(f"and {more:,} more" if few else "") if more else "",
    )


def _example(puzzles: PuzzleSet, row: int) -> str:
    labels = puzzles.scored_labels(slice(row, row + 1))[0]
    return beside(
        note("puzzle") + _tokens(puzzles.inputs[row], puzzles.description),
        note("answer") + _tokens(labels, puzzles.description) if (labels != IGNORED).any() else "",
    )


def _tokens(tokens: IntArray, description: Description) -> str:
    """Tokens ``[L]`` by their names; positions that are not scored are blank."""
    names, shape = description.token_names, description.structure.grid
    texts = [
        "" if token == IGNORED else names[token] if token < len(names) else str(token) for token in tokens.tolist()
    ]
    return grid(texts, shape[1] if shape else min(len(texts), ROW))
