"""Checks of augmentations: `invert` undoes them, and right answers stay right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IGNORED, IntArray
from trm.testing.check import CheckSkipped, plugin_code, require
from trm.testing.metric_checks import score
from trm.testing.subject import Subject


@dataclass
class _Image:
    """The puzzles, transformed by an augmentation."""

    name: str
    augmentation: Augmentation
    inputs: IntArray
    labels: IntArray
    token: Any


def _images(subject: Subject) -> Iterator[_Image]:
    found = False
    for name, augmentation in subject.augmentations():
        found = True
        inputs, labels = subject.inputs.copy(), subject.labels.copy()
        with plugin_code(f"Augmentation {name!r}"):
            images, image_labels, token = augmentation.apply(np.random.default_rng(0), inputs, labels)
        require(
            np.array_equal(inputs, subject.inputs) and np.array_equal(labels, subject.labels),
            f"Augmentation {name!r} changes its arguments.",
            "Most likely it assigns into `inputs` or `labels`: work on a copy.",
        )
        for what, image, original in (("inputs", images, inputs), ("labels", image_labels, labels)):
            require(
                np.shape(image) == original.shape and np.issubdtype(np.asarray(image).dtype, np.integer),
                f"Augmentation {name!r} returns {what} of shape {list(np.shape(image))} and type {np.asarray(image).dtype}, "
                f"expected shape {list(original.shape)} and integers.",
                "Most likely it crops or pads the puzzles, or computes with floating-point numbers.",
            )
        yield _Image(name, augmentation, images, image_labels, token)
    if not found:
        raise CheckSkipped("the task has no augmentation")


def augmentation_changes(subject: Subject) -> None:
    """An augmentation changes puzzles, and a generator with the same seed gives the same images."""
    for image in _images(subject):
        require(
            not np.array_equal(image.inputs, subject.inputs),
            f"Augmentation {image.name!r} changes none of {len(subject.inputs)} puzzles.",
            "Most likely it returns its arguments, or never uses the random generator.",
        )
        with plugin_code(f"Augmentation {image.name!r}"):
            again, _, _ = image.augmentation.apply(np.random.default_rng(0), subject.inputs, subject.labels)
        require(
            np.array_equal(again, image.inputs),
            f"Augmentation {image.name!r} gives different images for generators with the same seed.",
            "Most likely it draws from a generator of its own: use the `rng` passed to `apply`, so that a run can resume.",
        )


def augmentation_inverts(subject: Subject) -> None:
    """`invert` restores an augmented puzzle and its answer, or gives an answer that `check` accepts if several are right."""
    for image in _images(subject):
        tokens = subject.description.tokens
        inputs, labels = (_taken_back(image, array) for array in (tokens(image.inputs), image.labels))
        answers = np.where(subject.labels == IGNORED, tokens(subject.inputs), labels)
        undone = (inputs == tokens(subject.inputs)).all(axis=1)
        right = (answers == subject.answers).all(axis=1)
        for row in np.flatnonzero(~right) if subject.spec.check else ():
            right[row] = subject.check(subject.inputs[row], answers[row]) is None
        for what, good in (("puzzles", undone), ("answers", right)):
            require(
                good.all(),
                f"`invert` of augmentation {image.name!r} does not undo `apply`: {int((~good).sum())} of {len(good)} {what} "
                "differ.",
                "Most likely it applies the permutation again, or undoes two steps in the order in which they were done.",
            )


def _taken_back(image: _Image, array: IntArray) -> IntArray:
    with plugin_code(f"`invert` of augmentation {image.name!r}"):
        return np.asarray(image.augmentation.invert(np.asarray(array), image.token))


def augmentation_keeps_answers(subject: Subject) -> None:
    """The augmented label is the right answer to the augmented puzzle."""
    cause = "Most likely inputs and labels are not transformed alike, or the transformation is not a symmetry of the puzzle."
    for image in _images(subject):
        kept = (image.labels == IGNORED).sum(axis=1) == (subject.labels == IGNORED).sum(axis=1)
        require(
            kept.all(),
            f"Augmentation {image.name!r} changes which positions are scored in {int((~kept).sum())} puzzles.",
            "Most likely it renames the label -100 like a token, or moves inputs and labels differently.",
        )
        answers = np.where(image.labels == IGNORED, subject.description.tokens(image.inputs), image.labels)
        for spec, metric in subject.metrics():
            value = score(metric, image.inputs, image.labels, answers, subject.description.vocab_size)
            require(
                value == (1.0 if spec.higher_is_better else 0.0),
                f"After augmentation {image.name!r}, the right answers score {value:.3g} by metric {spec.name!r}.",
                cause,
            )
        for row, answer in zip(image.inputs, answers, strict=True):
            problem = subject.check(row, answer)
            require(
                problem is None,
                f"After augmentation {image.name!r}, `check` refuses a right answer: {problem}",
                cause,
            )
