"""Writing and checking Sudoku puzzles and answers."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.rules import cell_name, first_conflict, is_valid
from trm_tasks_sudoku.symbols import DIGITS
from trm_tasks_sudoku.text import ONE_SOLUTION, explain, to_text


def format_tokens(tokens: IntArray, config: SudokuConfig) -> str:
    """Write tokens ``[L]`` as one line, with ``.`` for an empty cell."""
    return to_text(np.clip(tokens - EMPTY, 0, config.size))


def check(inputs: IntArray, answer: IntArray, config: SudokuConfig) -> str | None:
    """What is wrong with an answer ``[L]``; None if it breaks no rule and keeps the givens."""
    digits = np.asarray(answer) - EMPTY
    if is_valid(np.asarray(inputs)[None] - EMPTY, digits[None])[0]:
        return None
    empty = np.flatnonzero(digits < 1)
    if len(empty):
        return f"The cell at {cell_name(int(empty[0]), config.size)} is not filled."
    changed = np.flatnonzero((inputs > EMPTY) & (inputs != answer))
    if len(changed):
        return f"The given at {cell_name(int(changed[0]), config.size)} was changed."
    conflict = first_conflict(digits)
    if conflict is None:
        return None
    first, second = (cell_name(cell, config.size) for cell in conflict.cells)
    return f"The digit {DIGITS[conflict.digit]} stands twice in one {conflict.kind}, at {first} and {second}."


def solvable(inputs: IntArray, config: SudokuConfig) -> str | None:
    """Why a puzzle ``[L]`` does not have exactly one solution; None if it has."""
    reason = explain(np.clip(inputs - EMPTY, 0, None).astype(np.uint8))
    return None if reason == ONE_SOLUTION else reason
