"""`PuzzleSet`: the puzzles of one split with their group structure. `Description`: vocabulary, length and structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trm.config import PuzzleStructure, Structure
from trm.config.columns import input_width
from trm.data.graphs import Graph, check_rows, read_graph, write_graph
from trm.data.ranges import IGNORED as IGNORED
from trm.data.ranges import IntArray as IntArray
from trm.data.ranges import check_ids, check_integers, check_tokens, rows_at_once
from trm.data.view import SHOWN, puzzles_html
from trm.errors import DataError

if TYPE_CHECKING:
    from trm.data.batch import Batch

NOT_GIVEN: IntArray = np.empty(0, dtype=np.int32)
"""The default of offsets and ids that `PuzzleSet` computes."""


@dataclass(frozen=True)
class Description:
    """Properties shared by all puzzles of a set.

    Attributes:
        vocab_size: number of tokens, V.
        seq_len: number of positions of a puzzle, L.
        pad_id: token that fills unused positions.
        token_names: one display name per token. Default: token numbers are shown.
        structure: grid, relations, neighbours and interchangeable tokens.
        num_puzzle_identifiers: number of puzzle ids. Default: 1, all puzzles share the blank id.
        blank_identifier_id: the id of puzzles that have none of their own.
        fixed: positions that belong to the puzzle, such as the operands of a sum: an answer has the puzzle's own token
            there, whatever the model predicts.
        fixed_tokens: tokens that keep their place, such as the clues beside a grid, where their positions differ from
            puzzle to puzzle: every position of a puzzle that holds one of them is fixed.
        unknown_id: token of a position whose value is to be found, if a puzzle may as well give that value, as a Sudoku does
            with its cells. Restarts can then be given values (`trm solve --search pin`). Default: there is none.

    Raises:
        DataError: a fixed position or token, or `unknown_id`, is out of range; or puzzles of several sizes are padded with
            `unknown_id`.
    """

    vocab_size: int
    seq_len: int
    pad_id: int = 0
    token_names: tuple[str, ...] = ()
    structure: Structure = field(default_factory=lambda: Structure())
    num_puzzle_identifiers: int = 1
    blank_identifier_id: int = 0
    fixed: tuple[int, ...] = ()
    fixed_tokens: tuple[int, ...] = ()
    unknown_id: int | None = None

    def __post_init__(self) -> None:
        for name, values, size in (
            ("fixed", self.fixed, self.seq_len),
            ("fixed_tokens", self.fixed_tokens, self.vocab_size),
            ("unknown_id", () if self.unknown_id is None else (self.unknown_id,), self.vocab_size),
        ):
            if any(not 0 <= value < size for value in values):
                raise DataError(f"Description.{name} is {values}: expected numbers from 0 to {size - 1}.")
        if self.structure.per_puzzle is not None and self.unknown_id == self.pad_id:
            raise DataError(
                f"Description.unknown_id is {self.unknown_id}, as pad_id: padding needs a token of its own."
            )

    @property
    def input_width(self) -> int:
        """Width W of a puzzle's row: its L tokens, and its own structure where puzzles have one; see `row`."""
        return input_width(self.seq_len, self.structure.per_puzzle)

    def row(self, tokens: IntArray, graph: Graph) -> IntArray:
        """A puzzle's row ``[W]``: its tokens ``[graph.size]``, padded to L, and its structure.

        Raises:
            DataError: there are not as many tokens as positions, or the graph does not fit `structure.per_puzzle`.
        """
        if len(tokens) != graph.size:
            raise DataError(f"A graph of {graph.size} positions needs {graph.size} tokens, got {len(tokens)}.")
        written = write_graph(graph, self.seq_len, self._per_puzzle)
        return np.concatenate([tokens, np.full(self.seq_len - graph.size, self.pad_id), written])

    def graph(self, row: IntArray) -> Graph:
        """The structure in a puzzle's row ``[W]``.

        Raises:
            DataError: the puzzles of this description have no structure of their own.
        """
        return read_graph(row, self.seq_len, self._per_puzzle)

    def unpack(self, row: IntArray) -> tuple[IntArray, Graph]:
        """The tokens ``[size]``, without padding, and the structure in a puzzle's row ``[W]``: what `row` joined.

        Raises:
            DataError: the puzzles of this description have no structure of their own.
        """
        graph = self.graph(row)
        return row[: graph.size], graph

    @property
    def _per_puzzle(self) -> PuzzleStructure:
        if self.structure.per_puzzle is None:
            raise DataError("Puzzles have no structure of their own here: set Structure.per_puzzle in the description.")
        return self.structure.per_puzzle

    def tokens(self, inputs: IntArray) -> IntArray:
        """The tokens ``[..., L]`` in rows ``[..., W]``."""
        return inputs[..., : self.seq_len]

    def answered(self, inputs: IntArray, answer: IntArray) -> IntArray:
        """The row of a puzzle ``[..., W]`` with the tokens of an answer ``[..., L]``, to write an answer like a puzzle."""
        return np.concatenate([answer, inputs[..., self.seq_len :]], axis=-1)

    def real(self, inputs: IntArray) -> npt.NDArray[np.bool_]:
        """Which positions of puzzles ``[..., W]`` are not padding, ``[..., L]``."""
        if self.structure.per_puzzle is None:
            return np.ones(inputs.shape, dtype=bool)
        real: npt.NDArray[np.bool_] = np.arange(self.seq_len) < inputs[..., self.seq_len, None]
        return real

    def fixed_in(self, inputs: IntArray) -> npt.NDArray[np.bool_]:
        """Which positions of puzzles ``[..., W]`` are fixed, ``[..., L]``: see `fixed` and `fixed_tokens`; padding, too."""
        mask = np.isin(self.tokens(inputs), self.fixed_tokens)
        mask[..., list(self.fixed)] = True
        return mask if self.structure.per_puzzle is None else mask | ~self.real(inputs)

    def complete(self, inputs: IntArray, answer: IntArray) -> IntArray:
        """Predicted tokens as an answer: the puzzle's own tokens at fixed positions.

        A model is not trained on positions that are not scored, so its predictions there mean nothing. Everything that
        shows, compares or checks an answer completes it first.

        Args:
            inputs: puzzles ``[..., W]``.
            answer: predicted tokens ``[..., L]``.
        """
        return np.where(self.fixed_in(inputs), self.tokens(inputs), answer)


@dataclass(frozen=True)
class PuzzleSet:
    """Puzzles of one split.

    A *group* is an original puzzle with its augmentations, a *puzzle* is one augmentation, and a puzzle has one or more
    *examples*. By default, each example is a puzzle and a group of its own.

    Attributes:
        inputs: tokens ``[N, L]``, integers, possibly memory-mapped. Where puzzles have a structure of their own
            (`Structure.per_puzzle`), rows ``[N, W]`` with the structure after the tokens; see `Description.row`.
        labels: tokens ``[N, L]``; `ignore_label` (and -100) mark positions that are not scored.
        description: see `Description`.
        puzzle_ids: identifier of each puzzle.
        puzzle_indices: offsets of the puzzles into the examples, ``[puzzles + 1]``.
        group_indices: offsets of the groups into the puzzles, ``[groups + 1]``.
        identifiers: names of the puzzle ids.
        ignore_label: a label that also marks unscored positions. Default: only -100.
        extras: additional columns with one row per example, such as a rating.
        documents: additional JSON documents, written as `NAME.json` beside the splits.

    A puzzle with no scored position has an unknown answer: it counts in no metric.

    Raises:
        DataError: the sizes or offsets of the arrays do not match, or a token, label or id is out of range. Rows that
            are memory-mapped or made on access are not read for that: `trm.data.layout.read_split` checks those of files.
    """

    inputs: IntArray
    labels: IntArray
    description: Description
    puzzle_ids: IntArray = field(default_factory=lambda: NOT_GIVEN)
    puzzle_indices: IntArray = field(default_factory=lambda: NOT_GIVEN)
    group_indices: IntArray = field(default_factory=lambda: NOT_GIVEN)
    identifiers: tuple[str, ...] = ("<blank>",)
    ignore_label: int | None = None
    extras: dict[str, IntArray] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.puzzle_indices is NOT_GIVEN:
            object.__setattr__(self, "puzzle_indices", np.arange(len(self.inputs) + 1, dtype=np.int32))
        puzzles = len(self.puzzle_indices) - 1
        if self.puzzle_ids is NOT_GIVEN:
            object.__setattr__(self, "puzzle_ids", np.zeros(puzzles, dtype=np.int32))
        if self.group_indices is NOT_GIVEN:
            object.__setattr__(self, "group_indices", np.arange(puzzles + 1, dtype=np.int32))
        self._check()

    @classmethod
    def padded(cls, rows: Sequence[IntArray], answers: Sequence[IntArray], description: Description) -> PuzzleSet:
        """The set of puzzles of different sizes.

        Args:
            rows: the puzzles, each a row ``[W]``; see `Description.row`.
            answers: the answer of each, as many tokens as the puzzle has positions; -100 at those that are not scored.
            description: of the puzzles.

        Raises:
            DataError: an answer has too many tokens, or the set is invalid; see above.
        """
        labels = np.full((len(answers), description.seq_len), IGNORED)
        for label, answer in zip(labels, answers, strict=True):
            if len(answer) > description.seq_len:
                raise DataError(
                    f"An answer has {len(answer)} tokens, the description says at most {description.seq_len}."
                )
            label[: len(answer)] = answer
        return cls(np.stack(rows), labels, description)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def num_groups(self) -> int:
        """Number of groups."""
        return len(self.group_indices) - 1

    @property
    def example_puzzle_ids(self) -> IntArray:
        """The puzzle id of each example, ``[N]``."""
        return np.repeat(self.puzzle_ids, np.diff(self.puzzle_indices))

    def scored_labels(self, rows: IntArray | slice) -> IntArray:
        """The labels of some rows, int64, -100 at positions that are not scored."""
        labels = np.asarray(self.labels[rows]).astype(np.int64)
        if self.ignore_label is not None:
            labels[labels == self.ignore_label] = IGNORED
        return labels

    def has_answer(self, rows: IntArray | slice) -> npt.NDArray[np.bool_]:
        """Whether the answer of each of some rows is known: at least one position is scored."""
        known: npt.NDArray[np.bool_] = (self.scored_labels(rows) != IGNORED).any(axis=1)
        return known

    def head(self, count: int) -> PuzzleSet:
        """The first `count` examples, without groups."""
        rows = slice(0, count)
        return replace(
            self,
            inputs=self.inputs[rows],
            labels=self.labels[rows],
            puzzle_ids=self.example_puzzle_ids[rows],
            puzzle_indices=NOT_GIVEN,
            group_indices=NOT_GIVEN,
            extras={name: column[rows] for name, column in self.extras.items()},
        )

    def check_fixed(self) -> None:
        """Check that the label at each fixed position is not scored, or is the puzzle's own token.

        Raises:
            DataError: a label differs. The message names the row and the position.
        """
        if not (self.description.fixed or self.description.fixed_tokens):
            return
        step = rows_at_once(self.description.input_width)
        for start in range(0, len(self), step):
            rows = slice(start, start + step)
            inputs, labels = np.asarray(self.inputs[rows]), self.scored_labels(rows)
            tokens = self.description.tokens(inputs)
            wrong = self.description.fixed_in(inputs) & (labels != IGNORED) & (labels != tokens)
            if wrong.any():
                row, position = np.argwhere(wrong)[0]
                raise DataError(
                    f"Row {start + row} has label {labels[row, position]} at position {position}, which the description "
                    f"says is fixed. Expected the puzzle's own token, {tokens[row, position]}, or {IGNORED}."
                )

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All examples in order, as tensors. The last batch can be smaller."""
        import torch

        from trm.data.batch import Batch

        ids = self.example_puzzle_ids
        for start in range(0, len(self), batch_size):
            rows = slice(start, start + batch_size)
            yield Batch(
                torch.from_numpy(np.asarray(self.inputs[rows]).astype(np.int64)),
                torch.from_numpy(self.scored_labels(rows)),
                torch.from_numpy(ids[rows].astype(np.int64)),
            )

    def _repr_html_(self) -> str:
        answers = self.scored_labels(slice(0, SHOWN))
        names, grid = self.description.token_names, self.description.structure.grid
        few = self.description.tokens(np.asarray(self.inputs[:SHOWN]))
        return puzzles_html(len(self), few, answers, self.num_groups, names, grid)

    def _check(self) -> None:
        for name, width in (("inputs", self.description.input_width), ("labels", self.description.seq_len)):
            array = getattr(self, name)
            if array.ndim != 2 or array.shape[1] != width:
                raise DataError(f"{name} has shape {list(array.shape)}: expected [N, {width}] from the description.")
        if len(self.inputs) != len(self.labels):
            raise DataError(f"The number of inputs ({len(self.inputs)}) and of labels ({len(self.labels)}) differ.")
        _check_offsets("puzzle_indices", self.puzzle_indices, len(self.inputs))
        _check_offsets("group_indices", self.group_indices, len(self.puzzle_indices) - 1)
        if self.puzzle_ids.ndim != 1:
            raise DataError(f"puzzle_ids has shape {list(self.puzzle_ids.shape)}: expected one dimension.")
        if len(self.puzzle_ids) != len(self.puzzle_indices) - 1:
            raise DataError(
                f"Expected {len(self.puzzle_indices) - 1} puzzle ids, one per puzzle, got {len(self.puzzle_ids)}."
            )
        check_ids(self.puzzle_ids, self.description.num_puzzle_identifiers)
        for name, unscored in (("inputs", ()), ("labels", (IGNORED, self.ignore_label))):
            array = getattr(self, name)
            check_integers(name, array)
            if isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
                tokens = self.description.tokens(array)
                check_tokens(name, tokens, self.description.vocab_size, unscored)
        if isinstance(self.inputs, np.ndarray) and self.description.structure.per_puzzle is not None:
            self.check_structure()

    def check_structure(self) -> None:
        """Check the structure of each puzzle's own, chunk by chunk.

        Raises:
            DataError: a size, type, position or number is out of range, or a position that is padding is scored.
        """
        description = self.description
        step = rows_at_once(self.description.input_width)
        for start in range(0, len(self), step):
            rows = slice(start, start + step)
            inputs, labels = np.asarray(self.inputs[rows]), self.scored_labels(rows)
            check_rows(inputs, labels, description.seq_len, description._per_puzzle, start)


def _check_offsets(name: str, offsets: IntArray, end: int) -> None:
    if offsets.ndim != 1 or len(offsets) < 1 or offsets[0] != 0:
        raise DataError(f"{name} must be one-dimensional and start at 0.")
    if (np.diff(offsets) <= 0).any():
        place = int(np.argmax(np.diff(offsets) <= 0)) + 1
        raise DataError(f"{name} must increase: entry {place} is {offsets[place]}, after {offsets[place - 1]}.")
    if offsets[-1] != end:
        raise DataError(f"{name} ends at {offsets[-1]}: expected the number of rows, {end}.")
