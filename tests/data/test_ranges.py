"""Tokens, labels and ids that are out of range are refused where they enter."""

from typing import Any

import numpy as np
import pytest
import torch

from trm.data import IGNORED, Batch, Description, PuzzleSet
from trm.errors import DataError, UsageError

RIGHT = np.array([[1, 2], [2, 1], [0, 1]])


def puzzle_set(inputs: Any = RIGHT, labels: Any = RIGHT, **others: Any) -> PuzzleSet:
    return PuzzleSet(inputs, labels, Description(vocab_size=3, seq_len=2, num_puzzle_identifiers=2), **others)


def put(row: int, column: int, value: int) -> Any:
    changed = RIGHT.copy()
    changed[row, column] = value
    return changed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": put(1, 1, -1)}, r"labels has -1 in row 1, position 1: expected a token from 0 to 2, or -100 for"),
        ({"labels": put(2, 0, 3)}, r"labels has 3 in row 2, position 0"),
        ({"inputs": put(2, 1, -100)}, r"inputs has -100 in row 2, position 1: expected a token from 0 to 2\."),
        ({"inputs": RIGHT.astype(float)}, "inputs has type float64: expected integers"),
        ({"puzzle_ids": np.array([0, 1, 2])}, "puzzle_ids has 2 in row 2: expected an id from 0 to 1"),
        ({"puzzle_ids": np.array([0, -1, 1])}, "puzzle_ids has -1 in row 1"),
    ],
)
def test_a_puzzle_set_names_the_first_value_that_is_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        puzzle_set(**arguments)


def test_labels_that_mark_unscored_positions_are_allowed() -> None:
    puzzles = puzzle_set(labels=put(0, 0, -1), ignore_label=-1)
    assert puzzles.scored_labels(slice(0, 1)).tolist() == [[IGNORED, 2]]
    unknown = puzzle_set(labels=np.array([[IGNORED] * 2, [1, IGNORED], [1, 2]]))
    assert unknown.has_answer(slice(None)).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("shapes", "dtype", "message"),
    [
        (((2, 3), (2, 3), (3,)), torch.long, r"puzzle_ids \[B\], got tensors of shapes \[2, 3\], \[2, 3\], \[3\]"),
        (((2, 3), (2, 2), (2,)), torch.long, r"got tensors of shapes \[2, 3\], \[2, 2\]"),
        (((2, 3), (2, 3), (2,)), torch.float32, r"Batch\.inputs must be a tensor of torch\.int64, got torch\.float32"),
    ],
)
def test_a_batch_names_wrong_shapes_and_types(shapes: Any, dtype: torch.dtype, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Batch(*(torch.zeros(shape, dtype=dtype) for shape in shapes))
