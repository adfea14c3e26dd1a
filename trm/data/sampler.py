"""Streams of training examples: by groups from a `PuzzleSet`, or from any loader of (input, target) pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader

from trm.data.augmentation import Augmentation
from trm.data.batch import Batch
from trm.data.puzzle_set import IntArray, PuzzleSet
from trm.data.ranges import rows_at_once
from trm.devices.seeding import generator_states, set_generator_states
from trm.errors import DataError, UsageError

EXPECTED = (
    "A loader must yield (input, target) or (input, target, puzzle ids), or a mapping with inputs, labels and puzzle_ids: "
    "long tensors [batch, positions], and [batch] for the ids"
)
NAMES = (("inputs", "input"), ("labels", "targets", "target"), ("puzzle_ids", "puzzle_identifiers"))
"""Keys of a mapping for inputs, targets and puzzle ids; the last may be missing."""


class ExampleStream(Protocol):
    """An endless source of training examples that counts its passes over the data."""

    def take(self, count: int) -> Batch:
        """The next `count` examples."""
        ...

    @property
    def epochs(self) -> float:
        """Number of passes over the data so far."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that determines the order of further examples, as JSON values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly from `state`.

        Raises:
            DataError: the training data has changed.
            ValueError: the state does not fit the data.
        """
        ...


class GroupSampler:
    """The sampling of the paper's code (arXiv:2510.04871).

    An epoch visits each group once in random order, picks one of its puzzles, and takes the puzzle's examples in random
    order. Batches continue across the end of an epoch.

    Args:
        puzzles: the training split.
        seed: seed of the order, the choices and the augmentation.
        augmentation: applied to the examples. Default: none.
        keep_rest: whether examples of a puzzle that do not fit into a batch start the next one. False drops them, as the
            paper's code does.

    Raises:
        DataError: the split is empty.
    """

    def __init__(
        self, puzzles: PuzzleSet, seed: int, augmentation: Augmentation | None = None, keep_rest: bool = True
    ) -> None:
        if not len(puzzles):
            raise DataError("The training split is empty.")
        self.puzzles, self.augmentation, self.keep_rest = puzzles, augmentation, keep_rest
        self.rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0x7A3])))
        self.order: IntArray = np.empty(0, dtype=np.int64)
        self.position = 0
        self.epoch_rng = self.rng.bit_generator.state
        self.pending: list[int] = []
        self.pending_id = 0
        self.passes = 0
        self.fingerprint = _fingerprint(puzzles)

    @property
    def epochs(self) -> float:
        if not len(self.order):
            return 0.0
        return self.passes - 1 + self.position / len(self.order)

    def take(self, count: int) -> Batch:
        rows = np.empty(count, dtype=np.int64)
        ids = np.empty(count, dtype=np.int64)
        filled = 0
        while filled < count:
            if not self.pending:
                self._next_puzzle()
            taken = self.pending[: count - filled]
            self.pending = self.pending[len(taken) :]
            rows[filled : filled + len(taken)] = taken
            ids[filled : filled + len(taken)] = self.pending_id
            filled += len(taken)
        if not self.keep_rest:
            self.pending = []
        inputs = np.asarray(self.puzzles.inputs[rows]).astype(np.int64)
        labels = self.puzzles.scored_labels(rows)
        if self.augmentation is not None and count:
            inputs, labels, _ = self.augmentation.apply(self.rng, inputs, labels)
        return Batch(*(torch.from_numpy(np.ascontiguousarray(array, np.int64)) for array in (inputs, labels, ids)))

    def _next_puzzle(self) -> None:
        if self.position == len(self.order):
            self.epoch_rng = self.rng.bit_generator.state
            self.order = self.rng.permutation(self.puzzles.num_groups)
            self.position = 0
            self.passes += 1
        group = self.order[self.position]
        self.position += 1
        puzzle = int(self.rng.integers(self.puzzles.group_indices[group], self.puzzles.group_indices[group + 1]))
        start, end = self.puzzles.puzzle_indices[puzzle : puzzle + 2]
        self.pending = (start + self.rng.permutation(end - start)).tolist()
        self.pending_id = int(self.puzzles.puzzle_ids[puzzle])

    def state_dict(self) -> dict[str, Any]:
        return {
            "rng": self.rng.bit_generator.state,
            "epoch_rng": self.epoch_rng,
            "position": self.position,
            "pending": self.pending,
            "pending_id": self.pending_id,
            "passes": self.passes,
            "fingerprint": self.fingerprint,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["fingerprint"] != self.fingerprint:
            raise DataError("The training data has changed since the run was started.")
        self.epoch_rng = self.rng.bit_generator.state = state["epoch_rng"]
        self.position, self.passes = int(state["position"]), int(state["passes"])
        if self.passes:
            self.order = self.rng.permutation(self.puzzles.num_groups)
        self.rng.bit_generator.state = state["rng"]
        self.pending, self.pending_id = list(state["pending"]), int(state["pending_id"])
        inside = all(0 <= row < len(self.puzzles) for row in self.pending) and 0 <= self.position <= len(self.order)
        if not inside or (self.pending_id not in self.puzzles.puzzle_ids and self.pending):
            raise ValueError("the saved position is outside the data")


def _fingerprint(puzzles: PuzzleSet) -> str:
    """A digest of a dataset: its size and up to 4096 of its examples."""
    rows = np.unique(np.linspace(0, len(puzzles) - 1, 4096).astype(np.int64))
    digest = hashlib.sha256(f"{len(puzzles)} {puzzles.num_groups}".encode())
    step = rows_at_once(puzzles.description.input_width)
    for array in (puzzles.inputs, puzzles.labels):
        for start in range(0, len(rows), step):
            digest.update(np.ascontiguousarray(array[rows[start : start + step]], np.int64).data)
    return digest.hexdigest()[:16]


class LoaderStream:
    """Examples of a plain `DataLoader` of (input, target) pairs, epoch after epoch.

    The loader and its dataset draw from the global random generators. Their states at the start of the epoch are saved,
    so that a resumed stream repeats the order of that epoch and skips the examples already taken.

    Raises:
        UsageError: the loader can be read only once, or has no length; see `check_repeatable`.
        DataError: the loader is empty.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        check_repeatable(loader, "training")
        if not _length(loader):
            raise DataError("The training loader is empty: it has fewer examples than one batch.")
        self.loader = loader
        self.passes, self.batches = 0, 0
        self.rest = self._empty()
        self.epoch_rng = generator_states()
        self.iterator: Iterator[Any] = iter(())

    @staticmethod
    def _empty() -> list[Batch]:
        return []

    @property
    def epochs(self) -> float:
        return max(self.passes - 1, 0) + self.batches / len(self.loader) if self.passes else 0.0

    def take(self, count: int) -> Batch:
        parts: list[Batch] = []
        while (missing := count - sum(map(len, parts))) > 0:
            batch = self.rest.pop() if self.rest else self._next_batch()
            parts.append(batch[slice(0, missing)])
            if len(batch) > missing:
                self.rest.append(batch[slice(missing, len(batch))])
        if not parts:
            parts = [self.rest[-1][slice(0, 0)] if self.rest else self._next_batch()[slice(0, 0)]]
        return Batch(
            *(torch.cat([getattr(part, name) for part in parts]) for name in ("inputs", "labels", "puzzle_ids"))
        )

    def _next_batch(self) -> Batch:
        item = next(self.iterator, None)
        if item is None:
            self.epoch_rng = generator_states()
            self.iterator = iter(self.loader)
            self.passes, self.batches = self.passes + 1, 0
            item = next(self.iterator)
        self.batches += 1
        return as_batch(item)

    def state_dict(self) -> dict[str, Any]:
        return {
            "passes": self.passes,
            "batches": self.batches,
            "unused": sum(map(len, self.rest)),
            "epoch_rng": self.epoch_rng,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        now = generator_states()
        self.epoch_rng = state["epoch_rng"]
        self.passes, self.batches, self.rest = state["passes"], state["batches"], self._empty()
        if self.passes:
            set_generator_states(self.epoch_rng)
            self.iterator = iter(self.loader)
            for _ in range(self.batches):
                last = as_batch(next(self.iterator))
            if state["unused"]:
                self.rest = [last[slice(len(last) - state["unused"], len(last))]]
        set_generator_states(now)


def check_repeatable(loader: Any, name: str) -> None:
    """Raise `UsageError` for a loader that cannot be read again and again.

    Args:
        loader: a `DataLoader`, or a list of batches.
        name: "training" or "test", for the message.
    """
    kind = type(loader).__name__
    if isinstance(loader, Iterator):
        raise UsageError(
            f"The {name} loader is a {kind}, which can be read only once, but every epoch and every evaluation reads it. "
            "Pass a DataLoader, or a list of the batches."
        )
    if not isinstance(loader, Iterable):
        raise UsageError(f"The {name} loader has the type {kind}. Expected a DataLoader, or a list of batches.")


def _length(loader: DataLoader[Any]) -> int:
    try:
        return len(loader)
    except TypeError:
        raise UsageError(
            "The training loader has no length. Give its dataset a `__len__`, which tells where an epoch ends."
        ) from None


def as_batch(item: Any) -> Batch:
    """What a loader yields as a `Batch`.

    Args:
        item: (input, target), (input, target, puzzle ids), a mapping with `inputs`, `labels` (or `targets`) and optionally
            `puzzle_ids` (or `puzzle_identifiers`), or a `Batch`. Default of puzzle ids: the blank id 0.

    Raises:
        UsageError: it is none of these, or its tensors are not integers of shape ``[B, L]``, and ``[B]`` for the ids.
    """
    if isinstance(item, Batch):
        return item
    parts = _named_parts(item) if isinstance(item, Mapping) else item
    if not isinstance(parts, (tuple, list)) or len(parts) not in (2, 3):
        found = f"{len(parts)} items" if isinstance(parts, (tuple, list)) else type(parts).__name__
        raise UsageError(f"{EXPECTED}; got {found}.")
    if not all(isinstance(part, torch.Tensor) for part in parts):
        raise UsageError(f"{EXPECTED}; got {', '.join(type(part).__name__ for part in parts)}.")
    inputs, targets, *rest = parts
    ids = rest[0] if rest else torch.zeros(len(inputs), dtype=torch.long)
    whole = not any(part.is_floating_point() or part.is_complex() for part in (inputs, targets, ids))
    if not whole or inputs.dim() != 2 or inputs.shape != targets.shape or ids.shape != inputs.shape[:1]:
        found = ", ".join(f"{part.dtype} {list(part.shape)}" for part in parts)
        raise UsageError(f"{EXPECTED}; got {found}.")
    return Batch(inputs.long(), targets.long(), ids.long())


def _named_parts(item: Mapping[str, Any]) -> list[Any]:
    """The tensors of a mapping, in the order of a tuple."""
    found = [[item[name] for name in names if name in item] for names in NAMES]
    if not (found[0] and found[1]):
        raise UsageError(f"{EXPECTED}; got a mapping with the keys {', '.join(map(str, item))}.")
    return [values[0] for values in found if values]
