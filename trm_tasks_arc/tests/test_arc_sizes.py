"""The size of an output, predicted from the demonstrations."""

from __future__ import annotations

import numpy as np
import pytest
from trm_tasks_arc.pairs import Pair
from trm_tasks_arc.shapes import Size, divided, label, period
from trm_tasks_arc.sizes import predict_sizes


def grid(rows: int, columns: int) -> np.ndarray:
    return np.zeros((rows, columns), np.uint8)


@pytest.mark.parametrize(
    ("pairs", "given", "expected", "rule"),
    [
        ([((2, 3), (2, 3)), ((4, 4), (4, 4))], (5, 6), (5, 6), "as the input"),
        ([((2, 3), (4, 6)), ((4, 4), (8, 8))], (5, 6), (10, 12), "in proportion"),
        ([((2, 3), (3, 3)), ((4, 4), (3, 3))], (5, 6), (3, 3), "constant"),
        ([((2, 3), (3, 2)), ((4, 5), (5, 4))], (5, 6), (6, 5), "transposed"),
        ([((2, 3), (4, 5)), ((4, 4), (6, 6))], (5, 6), (7, 8), "larger by a constant"),
        ([((2, 3), (2, 1)), ((4, 4), (4, 1))], (5, 6), (5, 1), "by axis"),
        ([((2, 3), (2, 4)), ((4, 4), (3, 1))], (5, 6), (2, 4), "as a demonstration"),
    ],
)
def test_rules_of_the_size(pairs: list[tuple[Size, Size]], given: Size, expected: Size, rule: str) -> None:
    demonstrations = [Pair(grid(*a), grid(*b)) for a, b in pairs]
    assert predict_sizes(demonstrations, grid(*given))[0] == (expected, rule)


def test_the_box_of_an_object() -> None:
    def with_object(rows: int, columns: int) -> np.ndarray:
        result = grid(9, 9)
        result[1 : 1 + rows, 2 : 2 + columns] = 3
        return result

    demonstrations = [Pair(with_object(r, c), grid(r, c)) for r, c in ((2, 3), (4, 2), (3, 3))]
    assert predict_sizes(demonstrations, with_object(5, 4))[0][0] == (5, 4)


def test_a_size_that_cannot_be_is_not_predicted() -> None:
    demonstrations = [Pair(grid(2, 3), grid(10, 15)), Pair(grid(3, 3), grid(15, 15))]
    assert predict_sizes(demonstrations, grid(9, 9)) == [
        ((10, 15), "as a demonstration"),
        ((15, 15), "as a demonstration"),
    ]


def test_parts_between_lines() -> None:
    lines = np.ones((5, 8), np.uint8) * np.arange(8, dtype=np.uint8)
    lines[2] = 9
    assert divided(lines) == ((2, 1), (2, 8))
    assert divided(np.arange(9, dtype=np.uint8).reshape(3, 3)) is None


def test_period_and_labels() -> None:
    assert period(np.tile(np.array([[1, 2], [3, 1]], np.uint8), (3, 2))) == (2, 2)
    diagonal = np.eye(3, dtype=bool)
    assert label(diagonal, corners=True)[1] == 1
    assert label(diagonal, corners=False)[1] == 3
