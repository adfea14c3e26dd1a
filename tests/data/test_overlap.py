"""Test puzzles that are in the training data are counted, symmetric images and shared answers included."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from trm import Structure
from trm.data import IGNORED, Description, IntArray, PuzzleSet
from trm.data.overlap import Overlap, count_overlap, relabelled

# Token 0 is a blank, token 1 has a meaning of its own, tokens 2 to 5 are interchangeable.
DESCRIPTION = Description(vocab_size=6, seq_len=4, structure=Structure(interchangeable=[2, 3, 4, 5]))
RENAMED = np.array([0, 1, 4, 2, 5, 3])


def puzzles(*rows: list[int], labels: IntArray | None = None, **changes: Any) -> PuzzleSet:
    inputs = np.array(rows, np.uint8)
    unique = 1 - inputs % 2 if labels is None else labels
    return PuzzleSet(inputs, unique, replace(DESCRIPTION, **changes))


class Reverse:
    """Turns every second puzzle around on average."""

    def apply(
        self, rng: np.random.Generator, inputs: IntArray, labels: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        token = rng.random((len(inputs), 1)) < 0.5
        return self.invert(inputs, token), self.invert(labels, token), token

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        return np.where(token, predictions[:, ::-1], predictions)


TRAIN = puzzles([1, 2, 3, 0], [2, 2, 4, 1])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1, 2, 3, 0], Overlap(1, identical=1)),
        ([1, 5, 4, 0], Overlap(1, relabelled=1)),
        ([1, 5, 5, 0], Overlap(1)),
        ([1, 3, 5, 5], Overlap(1, images=1)),
        ([1, 3, 5, 3], Overlap(1)),
    ],
)
def test_a_puzzle_is_found_as_itself_renamed_or_as_an_image(row: list[int], expected: Overlap) -> None:
    assert count_overlap(TRAIN, puzzles(row), augmentation=Reverse()) == expected


def test_only_interchangeable_tokens_are_renamed() -> None:
    rows = np.array([[1, 5, 0, 5], [1, 2, 3, 2], [1, 0, 4, 4]])
    again = relabelled(RENAMED[rows], [2, 3, 4, 5])
    assert np.array_equal(relabelled(rows, [2, 3, 4, 5]), again)
    assert again.tolist() == [[1, 2, 0, 2], [1, 2, 3, 2], [1, 0, 2, 2]]
    fixed = puzzles([1, 5, 4, 0], structure=Structure())
    assert count_overlap(replace(TRAIN, description=fixed.description), fixed).leaked == 0


def test_a_symmetry_class_decides_alone_about_images() -> None:
    test = puzzles([1, 3, 3, 5], [5, 5, 5, 5])
    counted = count_overlap(
        TRAIN, test, augmentation=Reverse(), symmetry_class=lambda inputs, labels: (inputs == 5).sum(axis=1)
    )
    assert counted == Overlap(2)
    counted = count_overlap(TRAIN, test, symmetry_class=lambda inputs, labels: (inputs == 1).sum(axis=1))
    assert counted == Overlap(2, same_class=1)


def test_an_answer_is_shared_where_a_puzzle_is_its_answer_with_blanks() -> None:
    answers = np.array([[2, 3, 1, 1], [2, 2, 4, 4]])
    train = puzzles([2, 0, 1, 1], [0, 2, 4, 4], labels=answers)
    test = puzzles(
        [0, 5, 1, 0], [0, 1, 4, 5], [2, 5, 0, 2], labels=np.array([[3, 5, 1, 1], [1, 1, 4, 5], [2, 5, 2, 2]])
    )
    assert count_overlap(train, test) == Overlap(3, same_answer=1)
    assert count_overlap(train, test, augmentation=Reverse()) == Overlap(3, same_answer=2)


def test_unscored_positions_of_an_answer_are_those_of_the_puzzle() -> None:
    train = puzzles([2, 0, 1, 3], labels=np.array([[IGNORED, 3, IGNORED, IGNORED]]))
    same = puzzles([5, 4, 1, 0], labels=np.array([[IGNORED, IGNORED, IGNORED, 4]]))
    other = puzzles([5, 4, 1, 0], labels=np.array([[IGNORED, IGNORED, IGNORED, 5]]))
    assert count_overlap(train, same) == Overlap(1, same_answer=1)
    assert count_overlap(train, other) == Overlap(1)


def test_common_answers_are_no_leak_where_they_do_not_contain_the_puzzle() -> None:
    labels = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])
    train, test = puzzles([2, 2, 3, 3], [3, 3, 2, 2], labels=labels), puzzles([2, 3, 2, 3], [3, 3, 3, 2], labels=labels)
    assert count_overlap(train, test).leaked == 0


def test_with_puzzle_identifiers_the_answer_belongs_to_the_puzzle() -> None:
    train, test = (
        puzzles([1, 2, 3, 0], labels=np.array([[1, 2, 3, last]]), num_puzzle_identifiers=2) for last in (2, 3)
    )
    assert count_overlap(train, test).shared == 0
    assert count_overlap(train, train).identical == 1


def test_the_counts_are_one_sentence() -> None:
    assert str(Overlap(40)) == "No test puzzle is in the training data."
    assert str(Overlap(4000, identical=1200, same_answer=3)) == (
        "1,203 of 4,000 test puzzles are in the training data: 1,200 identical, 3 with the answer of a training puzzle."
    )
    assert str(Overlap(1, relabelled=1)) == (
        "1 of 1 test puzzle is in the training data: 1 identical after renaming tokens."
    )


def test_100_000_training_puzzles_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    description = Description(vocab_size=11, seq_len=81, structure=Structure(interchangeable=list(range(2, 11))))
    train, test = (
        PuzzleSet(np.where(rng.random(answers.shape) < 0.6, 1, answers), answers, description)
        for answers in (rng.integers(2, 11, size=(count, 81)).astype(np.uint8) for count in (100_000, 1_000))
    )
    started = time.process_time()
    assert count_overlap(train, test, augmentation=Reverse()) == Overlap(1_000)
    assert time.process_time() - started < 6, "generous: a loaded machine is a few times slower than an idle one"
