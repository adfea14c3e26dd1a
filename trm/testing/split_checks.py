"""The check that the test split measures more than memory."""

from __future__ import annotations

import numpy as np

from trm.data.augmentation import Augmentation
from trm.data.overlap import Overlap, count_overlap
from trm.data.puzzle_set import IntArray
from trm.testing.check import plugin_code, require
from trm.testing.subject import Subject

CAUSE = (
    "Most likely both splits draw from one stream: let something that no symmetry changes, such as a hash of the "
    "puzzle's canonical form, decide its split."
)


def splits_disjoint(subject: Subject) -> None:
    """No test puzzle is in the training data, also not with tokens renamed, as a symmetric image, or by its answer."""
    augmentations = [augmentation for _, augmentation in subject.augmentations()]
    if subject.spec.symmetry_class:
        _check_classes(subject)
    if subject.spec.symmetry_class or not augmentations:
        _check_overlap(subject, None)
    else:
        for augmentation in augmentations:
            _check_overlap(subject, augmentation)


def _check_overlap(subject: Subject, augmentation: Augmentation | None) -> None:
    with plugin_code("`symmetry_class`" if subject.spec.symmetry_class else "The augmentation"):
        overlap = count_overlap(
            subject.train,
            subject.test,
            augmentation=augmentation,
            symmetry_class=subject.symmetry_class if subject.spec.symmetry_class else None,
        )
    for count, what in _leaks(overlap):
        require(not count, f"{count} of {overlap.puzzles} test puzzles {what}.", CAUSE)


def _leaks(overlap: Overlap) -> list[tuple[int, str]]:
    return [
        (overlap.identical, "are also training puzzles"),
        (overlap.relabelled, "are training puzzles with their interchangeable tokens renamed"),
        (overlap.images, "are images of training puzzles under the augmentation"),
        (overlap.same_class, "have the symmetry class of a training puzzle"),
        (
            overlap.same_answer,
            "have the answer of a training puzzle, or a symmetric image of it, so a model can solve them from memory",
        ),
    ]


def _check_classes(subject: Subject) -> None:
    """A puzzle and its images have one symmetry class."""
    before = _classes(subject, subject.inputs, subject.labels)
    for name, augmentation in subject.augmentations():
        with plugin_code(f"Augmentation {name!r}"):
            images, labels, _ = augmentation.apply(np.random.default_rng(0), subject.inputs, subject.labels)
        changed = int((before != _classes(subject, images, labels)).sum())
        require(
            not changed,
            f"{changed} of {len(before)} puzzles change their symmetry class under augmentation {name!r}.",
            "Most likely `symmetry_class` does not bring a puzzle to a canonical form, or the augmentation is not a symmetry.",
        )


def _classes(subject: Subject, inputs: IntArray, labels: IntArray) -> IntArray:
    with plugin_code("`symmetry_class`"):
        keys = subject.symmetry_class(inputs, labels)
    require(
        keys.shape == inputs.shape[:1],
        f"`symmetry_class` returns an array of shape {list(keys.shape)} for {len(inputs)} puzzles.",
        "It returns one key for each puzzle.",
    )
    return keys
