"""Fixed positions: an answer has the puzzle's own token there, whatever the model predicts."""

import numpy as np
import pytest

from trm.data import IGNORED, Description, PuzzleSet
from trm.errors import DataError

PUZZLE = np.array([3, 0, 1, 2])
PREDICTED = np.array([9, 9, 9, 9])


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ({}, [9, 9, 9, 9]),
        ({"fixed": (0, 3)}, [3, 9, 9, 2]),
        ({"fixed_tokens": (1, 2)}, [9, 9, 1, 2]),
        ({"fixed": (0,), "fixed_tokens": (1,)}, [3, 9, 1, 9]),
    ],
)
def test_an_answer_is_completed_from_the_puzzle(fixed: dict[str, tuple[int, ...]], expected: list[int]) -> None:
    description = Description(vocab_size=10, seq_len=4, **fixed)
    assert description.complete(PUZZLE, PREDICTED).tolist() == expected
    batch = description.complete(np.stack([PUZZLE, PUZZLE]), np.stack([PREDICTED, PREDICTED]))
    assert batch.tolist() == [expected, expected]


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"fixed": (4,)}, r"Description\.fixed is \(4,\): expected numbers from 0 to 3\."),
        ({"fixed_tokens": (-1,)}, r"Description\.fixed_tokens is \(-1,\): expected numbers from 0 to 9\."),
    ],
)
def test_positions_and_tokens_out_of_range_are_refused(fixed: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Description(vocab_size=10, seq_len=4, **fixed)


def test_labels_at_fixed_positions_are_unscored_or_the_puzzles_own() -> None:
    description = Description(vocab_size=10, seq_len=4, fixed=(0,), fixed_tokens=(1,))
    inputs = np.stack([PUZZLE] * 3)
    PuzzleSet(inputs, np.array([[3, 5, 1, 6], [IGNORED, 5, IGNORED, 6], [3, 5, 1, 6]]), description).check_fixed()
    wrong = PuzzleSet(inputs, np.array([[3, 5, 1, 6], [3, 5, 1, 6], [3, 5, 7, 6]]), description)
    with pytest.raises(DataError, match=r"Row 2 has label 7 at position 2, .* fixed\. Expected .* 1, or -100\."):
        wrong.check_fixed()
