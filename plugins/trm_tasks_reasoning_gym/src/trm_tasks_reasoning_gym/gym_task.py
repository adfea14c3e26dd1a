"""What turns a dataset of reasoning-gym into a task: its questions and answers as rows of symbols, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import Structure
from trm.data import IGNORED, Description, IntArray, PuzzleSet
from trm.errors import DataError, UsageError

BLANK = "·"
"""The symbol of token 0, which fills the unused cells."""
TEST_SHARE = 5
"""One question in so many belongs to the test split."""

Rows = list[list[str | None]]
"""Rows of symbols, None being a cell that is not scored."""
Entry = dict[str, Any]
"""What a dataset of reasoning-gym gives: question, answer and metadata."""


class GymConfig(BaseModel):
    """The settings of every task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    train_puzzles: int = Field(10000, description="puzzles to train on", ge=1)
    test_puzzles: int = Field(500, description="puzzles to test on", ge=1)
    gym: dict[str, Any] = Field(
        default_factory=dict, description="settings of reasoning-gym's own dataset, by its names"
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
        symbols: all symbols but the blank one.
        shape: the rows and columns that its questions and answers need, from the settings below.
        read: the question and the answer of an entry as rows, or None for an entry to be passed over.
        write: an answer's rows as the text that reasoning-gym scores.
        settings: the settings of the dataset that differ from reasoning-gym's own, or that `shape` reads.
        metadata: what the scorer reads of an entry's metadata, found again from the rows of question and answer.
        structure: the structure that a relational model is given, for the rows and columns above.
        fixed: the positions that belong to the question and are not scored, for the rows and columns above.
        fixed_symbols: symbols of the question that keep their place, such as the sums beside a grid.
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

    def __reduce__(self) -> tuple[Callable[[str], GymTask], tuple[str]]:
        return by_name, (self.name,)

    def source(self, config: GymConfig, seed: int, size: int) -> Any:
        """The dataset of reasoning-gym.

        Raises:
            UsageError: it refuses the settings.
        """
        import reasoning_gym  # slow to import

        try:
            return reasoning_gym.create_dataset(self.name, seed=seed, size=size, **{**self.settings, **config.gym})
        except (TypeError, AssertionError) as error:
            raise UsageError(f"task.gym: reasoning-gym's {self.name} refuses {config.gym}: {error}.") from error

    def grid(self, config: GymConfig) -> tuple[int, int]:
        return self.shape({**self.settings, **config.gym})

    def describe(self, config: GymConfig) -> Description:
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
        """Entries that fit, of the questions whose digest belongs to the split.

        Raises:
            DataError: hardly any entry fits.
        """
        count = config.test_puzzles if split == "test" else config.train_puzzles
        drawn = 20 * TEST_SHARE * (count + 10)
        stream = int(np.random.SeedSequence([seed, split == "test"]).generate_state(1, np.uint64)[0])
        puzzles = list(islice(self._puzzles(self.source(config, stream, drawn), config, split), count))
        if len(puzzles) < count:
            raise DataError(
                f"Of {drawn} entries of reasoning-gym's {self.name} only {len(puzzles)} have a place in the {split} split of "
                f"{count} puzzles. Ask for fewer with --set task.{split}_puzzles=N, or change task.gym."
            )
        inputs, labels = (np.array(column) for column in zip(*puzzles, strict=True))
        return PuzzleSet(inputs, labels, self.describe(config))

    def _puzzles(self, entries: Any, config: GymConfig, split: str) -> Iterator[tuple[IntArray, IntArray]]:
        shape = self.grid(config)
        for index in range(len(entries)):
            rows = self.read(entries[index])
            puzzle = rows and tuple(self.encode(part, shape) for part in rows)
            if puzzle and puzzle[0] is not None and puzzle[1] is not None and in_test(puzzle[0]) == (split == "test"):
                yield puzzle[0], puzzle[1]

    def encode(self, rows: Rows, shape: tuple[int, int]) -> IntArray | None:
        """Rows as tokens ``[L]``; None if they don't fit or have an unknown symbol."""
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
        """The symbols of tokens ``[L]`` row by row, without blanks and unscored cells."""
        rows: Rows = [[self.symbols[token - 1] for token in row if token > 0] for row in tokens.reshape(shape)]
        return [row for row in rows if row]

    def entry(self, inputs: IntArray, labels: IntArray, shape: tuple[int, int]) -> Entry:
        """As much of reasoning-gym's entry as its scorer reads, from the tokens of a puzzle."""
        question, answer = self.decode(inputs, shape), self.decode(labels, shape)
        return {"question": "", "answer": self.write(answer), "metadata": self.metadata(question, answer)}

    def metric(self, config: GymConfig) -> Score:
        return Score(config, self)


class Score:
    """The mean of reasoning-gym's own `score_answer`, which gives some answers a part of the point."""

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
    """Its score; 0 for an answer that the scorer can't parse, as a few of them raise an error then."""
    try:
        return float(scorer.score_answer(answer, entry))
    except (ValueError, IndexError, ZeroDivisionError):
        return 0.0


def in_test(question: IntArray) -> bool:
    """Whether a question belongs to the test split, by a digest of its tokens."""
    return hashlib.blake2b(question.astype("<i8").tobytes(), digest_size=4).digest()[0] % TEST_SHARE == 0


def by_name(name: str) -> GymTask:
    from trm_tasks_reasoning_gym import tasks

    task: GymTask = getattr(tasks, name)
    return task
