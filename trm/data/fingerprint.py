"""A fingerprint of puzzles and answers, so that a report can say on exactly which data a figure was measured."""

from __future__ import annotations

import hashlib

import numpy as np

from trm.data.puzzle_set import PuzzleSet
from trm.data.ranges import rows_at_once

DIGITS = 12


def fingerprint(puzzles: PuzzleSet) -> str:
    """Digest the puzzles, their answers and their puzzle ids, in order.

    Two sets have the same fingerprint if and only if a model is given the same tokens and is scored on the same labels;
    the integer types of the arrays, and whether they are memory-mapped, do not count.

    Returns:
        12 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{puzzles.inputs.shape}".encode())
    ids = puzzles.example_puzzle_ids
    step = rows_at_once(puzzles.description.input_width)
    for start in range(0, len(puzzles), step):
        rows = slice(start, start + step)
        for array in (puzzles.inputs[rows], puzzles.scored_labels(rows), ids[rows]):
            digest.update(np.ascontiguousarray(array, dtype="<i4").tobytes())
    return digest.hexdigest()[:DIGITS]
