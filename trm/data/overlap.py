"""Count the test puzzles that are also in the training data, symmetric images included."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IGNORED, IntArray, PuzzleSet
from trm.data.ranges import rows_at_once
from trm.progress import progress
from trm.words import counted

DRAWS = 64
"""Random images of each test puzzle that are looked up. Eight equally likely images are all drawn with 99.8 %."""

IMAGES = 64_000
"""Images drawn in total; a test split with more than 1,000 puzzles gets fewer draws for each, but at least 8."""

Classify = Callable[[IntArray, IntArray], IntArray]
"""``(inputs [N, L], labels [N, L]) -> keys [N]`` or ``[N, L]``: equal keys mean that two puzzles are the same."""


@dataclass(frozen=True)
class Overlap:
    """How many test puzzles are in the training data. A puzzle is counted once, under the first kind that applies.

    Attributes:
        puzzles: test puzzles.
        identical: test puzzles that equal a training puzzle.
        relabelled: test puzzles that equal one after the interchangeable tokens are renamed.
        images: test puzzles with an image under the augmentation that is a training puzzle.
        same_class: test puzzles with the symmetry class of a training puzzle.
        same_answer: other test puzzles whose answer, or an image of it, is the answer of a training puzzle. Counted
            only if a puzzle is its answer with blanks, as in Sudoku: a model that remembers answers can then solve it
            without reasoning. In other tasks many puzzles legitimately share one answer.
    """

    puzzles: int
    identical: int = 0
    relabelled: int = 0
    images: int = 0
    same_class: int = 0
    same_answer: int = 0

    @property
    def shared(self) -> int:
        """Test puzzles that are in the training data, as themselves or as an image."""
        return self.identical + self.relabelled + self.images + self.same_class

    @property
    def leaked(self) -> int:
        """Test puzzles that the training data gives away: the shared ones and those with the answer of a training puzzle."""
        return self.shared + self.same_answer

    def __str__(self) -> str:
        """One sentence, such as "No test puzzle is in the training data."."""
        if not self.leaked:
            return "No test puzzle is in the training data."
        kinds = {
            "identical": self.identical,
            "identical after renaming tokens": self.relabelled,
            "images under the augmentation": self.images,
            "of the symmetry class of a training puzzle": self.same_class,
            "with the answer of a training puzzle": self.same_answer,
        }
        details = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
        verb = "is" if self.leaked == 1 else "are"
        return f"{self.leaked:,} of {counted(self.puzzles, 'test puzzle')} {verb} in the training data: {details}."


def count_overlap(
    train: PuzzleSet,
    test: PuzzleSet,
    *,
    augmentation: Augmentation | None = None,
    symmetry_class: Classify | None = None,
) -> Overlap:
    """Count the test puzzles that are in the training data.

    Puzzles are compared exactly, then with the `Structure.interchangeable` tokens renamed in the order of their first
    appearance. A symmetry class decides about all other images. Without one, random images of each test puzzle are
    looked up, which undercounts leaks through symmetry groups with more than about 20 elements.

    If the sets use several puzzle identifiers, a puzzle is an input with its answer: the identifier decides which
    answer belongs to an input.

    Args:
        train: the training split.
        test: the test split, with the same tokens and positions.
        augmentation: draws symmetric images of puzzles. Not used if there is a `symmetry_class`.
        symmetry_class: the task's `symmetry_class`, bound to its settings.

    Returns:
        The counts. `str` turns them into one sentence.
    """
    tokens = test.description.structure.interchangeable
    puzzle = _pair if test.description.num_puzzle_identifiers > 1 else _input
    search = _Search(train, test)
    identical = search.count(puzzle)
    relabelled = search.count(puzzle, tokens) if tokens else 0
    if symmetry_class is not None:
        by_class = search.count(_class_of_answered(symmetry_class))
        return Overlap(len(test), identical, relabelled, same_class=by_class)
    images = search.count(puzzle, tokens, augmentation) if augmentation else 0
    same_answer = 0
    own = test.description.structure.per_puzzle
    if own is None and _are_blanked_answers(search.inputs, search.labels):
        same_answer = search.count(answers, tokens)
        same_answer += search.count(answers, tokens, augmentation) if augmentation else 0
    return Overlap(len(test), identical, relabelled, images, same_answer=same_answer)


NO_TOKEN = 2**32
"""More than any token."""


class _Search:
    """Looks test puzzles up in the training data; each is found once."""

    def __init__(self, train: PuzzleSet, test: PuzzleSet) -> None:
        self.train = train
        self.inputs, self.labels = _examples(test, slice(None))
        vocabulary = max(train.description.vocab_size, test.description.vocab_size)
        self.structure = slice(train.description.seq_len, train.description.input_width)
        self.has_structure = self.structure.stop > self.structure.start
        self.dtype = np.dtype(np.int64) if self.has_structure else np.min_scalar_type(vocabulary)
        self.missing = np.arange(len(test))
        self.known: dict[tuple[Classify, tuple[int, ...]], set[Hashable]] = {}

    def count(self, classify: Classify, tokens: Sequence[int] = (), augmentation: Augmentation | None = None) -> int:
        """Test puzzles, not counted before, that fall together with a training puzzle.

        Args:
            classify: the keys that are compared.
            tokens: tokens that are renamed in a canonical order before comparing.
            augmentation: compares random images of the test puzzles in place of the puzzles.
        """
        before = len(self.missing)
        if before:
            known = self._known(classify, tokens)
            with progress(
                "Looking for test puzzles in the training data", self._draws(augmentation), "images"
            ) as advance:
                for inputs, labels in self._images(augmentation):
                    keys = self._keys(classify(inputs, labels), tokens)
                    self.missing = self.missing[[key not in known for key in keys]]
                    advance(1)
        return before - len(self.missing)

    def _known(self, classify: Classify, tokens: Sequence[int]) -> set[Hashable]:
        """The keys of the training data."""
        wanted = classify, tuple(tokens)
        if wanted not in self.known:
            step = rows_at_once(self.train.description.input_width)
            keys: set[Hashable] = set()
            with progress("Reading the training puzzles", len(self.train)) as advance:
                for start in range(0, len(self.train), step):
                    rows = slice(start, min(start + step, len(self.train)))
                    keys.update(self._keys(classify(*_examples(self.train, rows)), tokens))
                    advance(rows.stop - rows.start)
            self.known[wanted] = keys
        return self.known[wanted]

    def _keys(self, rows: IntArray, tokens: Sequence[int]) -> list[Hashable]:
        """One key for each puzzle: its number, or the bytes of its row of tokens."""
        if rows.ndim == 1:
            numbers: list[Hashable] = rows.tolist()
            return numbers
        small = rows.astype(self.dtype)
        if self.has_structure:
            small[:, self.structure] += NO_TOKEN  # the numbers of a puzzle's own structure are not renamed like tokens
        return [row.tobytes() for row in (relabelled(small, tokens) if tokens else small)]

    def _draws(self, augmentation: Augmentation | None) -> int:
        """Number of images of each missing puzzle that are compared."""
        return 1 if augmentation is None else max(8, min(DRAWS, IMAGES // len(self.missing)))

    def _images(self, augmentation: Augmentation | None) -> Iterator[tuple[IntArray, IntArray]]:
        """The missing puzzles: themselves or, with an augmentation, several random images."""
        if augmentation is None:
            yield self.inputs[self.missing], self.labels[self.missing]
            return
        rng = np.random.default_rng(0)
        for _ in range(self._draws(augmentation)):
            if len(self.missing):
                inputs, labels, _ = augmentation.apply(rng, self.inputs[self.missing], self.labels[self.missing])
                yield np.asarray(inputs), np.asarray(labels)


def _class_of_answered(symmetry_class: Classify) -> Classify:
    """The keys of a symmetry class, whose function receives whole answers. A puzzle without an answer has a key of its own."""

    def keys(inputs: IntArray, labels: IntArray) -> IntArray:
        known = (labels != IGNORED).any(axis=1)
        found = np.array([object() for _ in inputs], dtype=object)
        if known.any():
            rows = symmetry_class(inputs[known], answers(inputs[known], labels[known]))
            for place, key in zip(np.flatnonzero(known), rows.tolist(), strict=True):
                found[place] = key if rows.ndim == 1 else tuple(key)
        return found

    return keys


def answers(inputs: IntArray, labels: IntArray) -> IntArray:
    """The answers ``[N, L]``: the label, or the input where a position is not scored."""
    return np.where(labels == IGNORED, inputs[:, : labels.shape[1]], labels)


def relabelled(rows: IntArray, tokens: Sequence[int]) -> IntArray:
    """Rename the interchangeable tokens of each row ``[N, L]`` in the order in which they first appear."""
    present = [rows == token for token in tokens]
    length = rows.shape[1]
    first = np.stack([np.where(cells.any(axis=1), cells.argmax(axis=1), length) for cells in present], axis=1)
    names = np.asarray(tokens, rows.dtype)[np.argsort(np.argsort(first, axis=1, kind="stable"), axis=1)]
    renamed = rows
    for number, cells in enumerate(present):
        renamed = np.where(cells, names[:, number, None], renamed)
    return renamed


def _input(inputs: IntArray, labels: IntArray) -> IntArray:
    return inputs


def _pair(inputs: IntArray, labels: IntArray) -> IntArray:
    return np.concatenate([inputs, answers(inputs, labels)], axis=1)


def _are_blanked_answers(inputs: IntArray, labels: IntArray) -> bool:
    """Whether every position of a puzzle holds the token of its answer or the one blank token, which no answer uses."""
    right = answers(inputs, labels)
    inputs = inputs[:, : labels.shape[1]]
    blanks = np.unique(inputs[inputs != right])
    return len(blanks) == 1 and not (right == blanks).any()


def _examples(puzzles: PuzzleSet, rows: slice) -> tuple[IntArray, IntArray]:
    """Inputs and labels ``[N, L]`` of some rows as the sampler gives them."""
    return np.asarray(puzzles.inputs[rows]).astype(np.int64), puzzles.scored_labels(rows)
