"""A dataset of reasoning-gym as a task: converts its questions and answers to rows of symbols and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pkgutil import resolve_name
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import Structure
from trm.data import IGNORED, Description, IntArray, PuzzleSet, progress
from trm.errors import DataError, UsageError
from trm_tasks_reasoning_gym.catalog import CODE

BLANK = "·"
"""The symbol of token 0, which fills the unused cells."""
TEST_SHARE = 5
"""One of this many questions belongs to the test split."""

Rows = list[list[str | None]]
"""Rows of symbols. None marks a cell that is not scored."""
Entry = dict[str, Any]
"""An entry of a reasoning-gym dataset: question, answer and metadata."""


class GymConfig(BaseModel):
    """The settings of every task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    train_puzzles: int = Field(10000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(500, description="number of test puzzles", ge=1)
    gym: dict[str, Any] = Field(
        default_factory=dict, description="settings of the reasoning-gym dataset, by the names that reasoning-gym uses"
    )


def no_structure(rows: int, columns: int) -> Structure:
    return Structure()


def nowhere(rows: int, columns: int) -> tuple[int, ...]:
    return ()


def nothing(question: Rows, answer: Rows) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class GymTask:
    """A dataset of reasoning-gym as a task.

    Attributes:
        name: its name in reasoning-gym.
        symbols: all symbols except the blank one.
        shape: returns the rows and columns that questions and answers need, given `settings`.
        read: returns the question and the answer of an entry as rows, or None to skip the entry.
        write: converts the rows of an answer to the text that reasoning-gym scores.
        settings: dataset settings that differ from reasoning-gym's defaults, or that `shape` reads.
        metadata: reconstructs the metadata that the scorer reads, from the rows of question and answer.
        structure: returns the structure for relational models, given the rows and columns of `shape`.
        fixed: returns the unscored positions that belong to the question, given the same.
        fixed_symbols: symbols of the question that keep their place, such as the sums beside a grid.
        split_by_answer: let the answer decide the split (default: the question), for tasks in which few answers exist and
            a question is its answer with blanks: a model could otherwise solve test questions from memory.
    """

    name: str
    symbols: tuple[str, ...]
    shape: Callable[[Mapping[str, Any]], tuple[int, int]]
    read: Callable[[Entry], tuple[Rows, Rows] | None]
    write: Callable[[Rows], str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    metadata: Callable[[Rows, Rows], dict[str, Any]] = nothing
    structure: Callable[[int, int], Structure] = no_structure
    fixed: Callable[[int, int], tuple[int, ...]] = nowhere
    fixed_symbols: tuple[str, ...] = ()
    split_by_answer: bool = False

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        """Pickle by reference, as pickle does with functions: the lambdas in the fields cannot be pickled."""
        return resolve_name, (CODE + self.name,)

    def source(self, config: GymConfig, seed: int, size: int) -> Any:
        """Create the reasoning-gym dataset of `size` entries.

        Raises:
            UsageError: reasoning-gym rejects the settings.
        """
        import reasoning_gym  # slow to import

        try:
            return reasoning_gym.create_dataset(self.name, seed=seed, size=size, **{**self.settings, **config.gym})
        except (TypeError, AssertionError) as error:
            raise UsageError(f"task.gym: reasoning-gym's {self.name} rejects {config.gym}: {error}.") from error

    def grid(self, config: GymConfig) -> tuple[int, int]:
        """Return the rows and columns of a puzzle."""
        return self.shape({**self.settings, **config.gym})

    def describe(self, config: GymConfig) -> Description:
        """Return vocabulary, length, structure and fixed positions."""
        rows, columns = self.grid(config)
        names = (BLANK, *self.symbols)
        return Description(
            len(names),
            rows * columns,
            token_names=names,
            structure=self.structure(rows, columns),
            fixed=self.fixed(rows, columns),
            fixed_tokens=tuple(names.index(symbol) for symbol in self.fixed_symbols),
        )

    def build(self, config: GymConfig, split: str, seed: int) -> PuzzleSet:
        """Build a split from the entries that fit the grid and whose digest assigns them to the split.

        Raises:
            DataError: too few entries fit.
            UsageError: reasoning-gym rejects the settings.
        """
        count = config.test_puzzles if split == "test" else config.train_puzzles
        drawn = 20 * TEST_SHARE * (count + 10)
        stream = int(np.random.SeedSequence([seed, split == "test"]).generate_state(1, np.uint64)[0])
        puzzles = []
        with progress(f"Making {split} puzzles", count) as advance:
            for puzzle in islice(self._puzzles(self.source(config, stream, drawn), config, split), count):
                puzzles.append(puzzle)
                advance(1)
        if len(puzzles) < count:
            raise DataError(
                f"Of {drawn} entries of reasoning-gym's {self.name}, only {len(puzzles)} fit the {split} split of "
                f"{count} puzzles. Request fewer with --set task.{split}_puzzles=N, or change task.gym."
            )
        inputs, labels = (np.array(column) for column in zip(*puzzles, strict=True))
        return PuzzleSet(inputs, labels, self.describe(config))

    def _puzzles(self, entries: Any, config: GymConfig, split: str) -> Iterator[tuple[IntArray, IntArray]]:
        shape = self.grid(config)
        for index in range(len(entries)):
            rows = self.read(entries[index])
            puzzle = rows and tuple(self.encode(part, shape) for part in rows)
            if not puzzle or puzzle[0] is None or puzzle[1] is None:
                continue
            decisive = pattern(puzzle[1]) if self.split_by_answer else puzzle[0]
            if in_test(decisive) == (split == "test"):
                yield puzzle[0], puzzle[1]

    def encode(self, rows: Rows, shape: tuple[int, int]) -> IntArray | None:
        """Convert rows to tokens ``[L]``; return None if they do not fit or contain an unknown symbol."""
        tokens = np.zeros(shape, dtype=np.int64)
        if len(rows) > shape[0] or max(map(len, rows), default=0) > shape[1]:
            return None
        known: dict[str | None, int] = {
            None: IGNORED,
            **{symbol: token for token, symbol in enumerate(self.symbols, start=1)},
        }
        for row, symbols in enumerate(rows):
            if not known.keys() >= set(symbols):
                return None
            tokens[row, : len(symbols)] = [known[symbol] for symbol in symbols]
        return tokens.ravel()

    def decode(self, tokens: IntArray, shape: tuple[int, int]) -> Rows:
        """Convert tokens ``[L]`` to rows of symbols, without blanks and unscored cells."""
        rows: Rows = [[self.symbols[token - 1] for token in row if token > 0] for row in tokens.reshape(shape)]
        return [row for row in rows if row]

    def entry(self, inputs: IntArray, labels: IntArray, shape: tuple[int, int]) -> Entry:
        """Reconstruct the part of an entry that the scorer reads, from the tokens ``[L]`` of a puzzle."""
        question, answer = self.decode(inputs, shape), self.decode(labels, shape)
        return {"question": "", "answer": self.write(answer), "metadata": self.metadata(question, answer)}

    def metric(self, config: GymConfig) -> Score:
        """Create the metric of the task."""
        return Score(config, self)


class Score:
    """Mean of reasoning-gym's own `score_answer`, which gives partial credit to some answers."""

    needs = ("inputs", "labels", "predictions")

    def __init__(self, config: GymConfig, task: GymTask) -> None:
        self.config, self.task = config, task
        self.reset()

    def update(self, batch: Mapping[str, Any]) -> None:
        scorer, shape = self.task.source(self.config, seed=0, size=1), self.task.grid(self.config)
        for inputs, labels, prediction in zip(*(batch[name] for name in self.needs), strict=True):
            answer = self.task.write(self.task.decode(np.where(labels == IGNORED, IGNORED, prediction), shape))
            self.points += scored(scorer, answer, self.task.entry(inputs, labels, shape))
            self.answers += 1

    def compute(self) -> float:
        return self.points / self.answers if self.answers else 0.0

    def reset(self) -> None:
        self.points, self.answers = 0.0, 0

    def merge(self, other: Score) -> None:
        self.points += other.points
        self.answers += other.answers


def scored(scorer: Any, answer: str, entry: Entry) -> float:
    """Return the score of an answer; 0 if the scorer raises because it cannot parse the answer, as a few do."""
    try:
        return float(scorer.score_answer(answer, entry))
    except (ValueError, IndexError, ZeroDivisionError):
        return 0.0


def pattern(tokens: IntArray) -> IntArray:
    """Rename tokens ``[L]`` to 0, 1, ... in the order of their first appearance."""
    _, first, inverse = np.unique(tokens, return_index=True, return_inverse=True)
    ranks: IntArray = first.argsort().argsort()[inverse]
    return ranks


def in_test(tokens: IntArray) -> bool:
    """Return whether tokens ``[L]`` assign a puzzle to the test split, by their digest."""
    return hashlib.blake2b(tokens.astype("<i8").tobytes(), digest_size=4).digest()[0] % TEST_SHARE == 0
