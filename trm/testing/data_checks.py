"""Checks of the puzzles: arrays, seeds, splits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trm.data.puzzle_set import IGNORED, IntArray, PuzzleSet
from trm.plugins.code import load
from trm.testing.check import require
from trm.testing.subject import Subject, plugin_code

IMAGES = 64
"""Random images of each test puzzle that are looked for among the training puzzles."""


def data_arrays(subject: Subject) -> None:
    """Inputs and labels have the described shape, integer type and vocabulary, and every puzzle is scored."""
    for split, puzzles in (("train", subject.train), ("test", subject.test)):
        _check_arrays(subject, split, puzzles)


def _check_arrays(subject: Subject, split: str, puzzles: PuzzleSet) -> None:
    described = subject.description
    require(len(puzzles), f"The {split} split is empty.", "Most likely `sample` asks for no puzzles of that split.")
    for name, array in (("inputs", puzzles.inputs), ("labels", puzzles.labels)):
        require(
            np.issubdtype(array.dtype, np.integer),
            f"The {name} of the {split} split are of type {array.dtype}, not integers.",
            "Most likely an array was made without a dtype, which numpy makes float64.",
        )
    given = replace(puzzles.description, num_puzzle_identifiers=described.num_puzzle_identifiers)
    require(
        given == described,
        f"The {split} split has another description than {subject.spec.describe} gives.",
        "Most likely the dataset builds a Description of its own: let it call that function.",
    )
    scored = puzzles.scored_labels(slice(None))
    unscored = int((scored == IGNORED).all(axis=1).sum())
    require(
        not unscored,
        f"{unscored} of {len(puzzles)} puzzles of the {split} split have no scored position, so nothing is learned from them.",
        "Most likely every label is -100 or the set's `ignore_label`.",
    )
    tokens = (np.asarray(puzzles.inputs), scored[scored != IGNORED])
    for name, values in zip(("inputs", "labels"), tokens, strict=True):
        low, high = int(values.min()), int(values.max())
        require(
            low >= 0 and high < described.vocab_size,
            f"The {name} of the {split} split have tokens {low} to {high}, the vocabulary is 0 to {described.vocab_size - 1}.",
            "Most likely `vocab_size` leaves out the padding or the empty cell, or -100 stands in the inputs.",
        )
    ids = puzzles.puzzle_ids
    require(
        ids.min() >= 0 and ids.max() < puzzles.description.num_puzzle_identifiers,
        f"The {split} split has puzzle ids up to {ids.max()}, its description says that there are "
        f"{puzzles.description.num_puzzle_identifiers}.",
        "Most likely `num_puzzle_identifiers` does not count the blank id 0.",
    )


def same_seed_same_data(subject: Subject) -> None:
    """The dataset built twice with one seed is the same."""
    again = subject.build("train", 0)
    same = np.array_equal(again.inputs, subject.train.inputs) and np.array_equal(again.labels, subject.train.labels)
    require(
        same,
        "The training split built twice with seed 0 holds different puzzles.",
        "Most likely a generator is made without the seed: derive every one from numpy.random.SeedSequence([seed, ...]).",
    )


def other_seed_other_data(subject: Subject) -> None:
    """Another seed gives other puzzles, and not those of the neighbouring seed shifted by one."""
    other = subject.build("train", 1)
    first, second = _rows(np.asarray(subject.train.inputs)), _rows(np.asarray(other.inputs))
    require(
        first != second,
        "The training split is the same with seeds 0 and 1.",
        "Most likely `build` does not use its `seed`.",
    )
    rows = min(len(first), len(second))
    require(
        rows < 8 or first[1:rows] != second[: rows - 1],
        "The training split with seed 1 is the one with seed 0, shifted by one puzzle.",
        "Most likely each puzzle's generator is seeded with seed + index: use numpy.random.SeedSequence([seed, index]).",
    )


def splits_disjoint(subject: Subject) -> None:
    """No test puzzle, and no symmetric image of one, is a training puzzle."""
    cause = "Most likely both splits draw from one stream: derive the stream, or choose the split, by the puzzle's symmetry class."
    train = set(_rows(np.asarray(subject.train.inputs).astype(np.int64)))
    inputs, labels = np.asarray(subject.test.inputs).astype(np.int64), subject.test.scored_labels(slice(None))
    shared = sum(row in train for row in _rows(inputs))
    require(not shared, f"{shared} of {len(inputs)} test puzzles are training puzzles too.", cause)
    if subject.spec.symmetry_class:
        _check_classes(subject, cause)
        return
    for name, augmentation in subject.augmentations():
        rng = np.random.default_rng(0)
        leaked = np.zeros(len(inputs), dtype=bool)
        for _ in range(IMAGES):
            with plugin_code(f"Augmentation {name!r}"):
                images, _, _ = augmentation.apply(rng, inputs, labels)
            leaked |= np.array([row in train for row in _rows(np.asarray(images).astype(np.int64))])
        require(
            not leaked.any(),
            f"{leaked.sum()} of {len(inputs)} test puzzles are images of training puzzles under {name!r}.",
            cause,
        )


def _check_classes(subject: Subject, cause: str) -> None:
    assert subject.spec.symmetry_class
    classify = load(subject.spec.symmetry_class)

    def keys(inputs: IntArray, labels: IntArray) -> list[object]:
        with plugin_code("`symmetry_class`"):
            return list(np.asarray(classify(inputs, labels, subject.config)).tolist())

    before = keys(subject.inputs, subject.labels)
    for name, augmentation in subject.augmentations():
        images, labels, _ = augmentation.apply(np.random.default_rng(0), subject.inputs, subject.labels)
        changed = sum(a != b for a, b in zip(before, keys(images, labels), strict=True))
        require(
            not changed,
            f"{changed} of {len(before)} puzzles have another symmetry class after augmentation {name!r}.",
            "Most likely `symmetry_class` does not bring a puzzle to a canonical form, or the augmentation is no symmetry.",
        )
    train = set(keys(np.asarray(subject.train.inputs), subject.train.scored_labels(slice(None))))
    test = keys(np.asarray(subject.test.inputs), subject.test.scored_labels(slice(None)))
    shared = sum(key in train for key in test)
    require(not shared, f"{shared} of {len(test)} test puzzles have the symmetry class of a training puzzle.", cause)


def _rows(array: IntArray) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(array)]
