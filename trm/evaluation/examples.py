"""A few test puzzles of increasing difficulty, for demonstrations. Shipped weights contain theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet
from trm.devices.backend import Backend
from trm.errors import CheckpointError, reason
from trm.evaluation.metrics import known_rows
from trm.evaluation.refine import Puzzle
from trm.model import TinyRecursiveModel
from trm.progress import progress

POOL = 64
"""Number of puzzles that the examples are chosen from."""

Judge = Callable[[IntArray, IntArray], bool]
"""Whether an answer ``[L]`` to a puzzle ``[L]`` is right by the task's rules."""


@dataclass(frozen=True)
class Example:
    """A puzzle, and its difficulty for the model that is shipped with it.

    Attributes:
        puzzle: with its right answer.
        solved_at: the first supervision step from which the answer stays right; None if there is none.
    """

    puzzle: Puzzle
    solved_at: int | None

    def as_json(self) -> dict[str, Any]:
        """For the model card; `from_json` reads it."""
        labels = self.puzzle.labels
        return {
            "inputs": np.asarray(self.puzzle.inputs).tolist(),
            "labels": None if labels is None else np.asarray(labels).tolist(),
            "puzzle_id": self.puzzle.puzzle_id,
            "solved_at": self.solved_at,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Example:
        labels = value["labels"]
        inputs = np.asarray(value["inputs"], dtype=np.int64)
        puzzle = Puzzle(inputs, None if labels is None else np.asarray(labels, dtype=np.int64), int(value["puzzle_id"]))
        solved_at = value["solved_at"]
        return cls(puzzle, None if solved_at is None else int(solved_at))


def examples_of_card(card: dict[str, Any], path: Path, description: Description, num_puzzles: int = 0) -> list[Example]:
    """The examples that a file of weights carries, from easy to hard; none if it was written without.

    Args:
        card: the model card.
        path: its file, for the error.
        description: the task's.
        num_puzzles: puzzle ids that the model has vectors for.

    Raises:
        CheckpointError: they are malformed, or not of the task's size.
    """
    try:
        examples = [Example.from_json(value) for value in card.get("examples", [])]
    except KeyError as error:
        raise CheckpointError(f"Cannot read the examples in {path}: one has no key {error}.") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"Cannot read the examples in {path}: {reason(error)}.") from error
    for example in examples:
        inputs, labels = example.puzzle.inputs, example.puzzle.labels
        if not (_is_row(inputs, description) and (labels is None or _fits(labels, IGNORED, description))):
            raise CheckpointError(f"Cannot read the examples in {path}: they are not of the task's size.")
        if not 0 <= example.puzzle.puzzle_id < max(num_puzzles, 1):
            raise CheckpointError(f"Cannot read the examples in {path}: the model has no vector for a puzzle's id.")
    return [
        replace(example, puzzle=replace(example.puzzle, fixed=description.fixed_in(example.puzzle.inputs)))
        for example in examples
    ]


def _is_row(inputs: IntArray, description: Description) -> bool:
    return inputs.shape == (description.input_width,) and _fits(description.tokens(inputs), 0, description)


def _fits(tokens: IntArray, least: int, description: Description) -> bool:
    inside = (tokens >= least) & (tokens < description.vocab_size)
    return tokens.shape == (description.seq_len,) and bool(inside.all())


def choose_examples(
    model: TinyRecursiveModel, puzzles: PuzzleSet, steps: int, backend: Backend, count: int
) -> list[Example]:
    """Choose some of the first `POOL` puzzles, from those solved after few steps to those that need many.

    Unsolved puzzles are chosen only if fewer than `count` are solved. The choice favours the model, so it says nothing
    about accuracy.
    """
    pool = puzzles.head(POOL)
    labels = pool.scored_labels(slice(None))
    ids = pool.example_puzzle_ids
    inputs = np.asarray(pool.inputs).astype(np.int64)
    fixed = pool.description.fixed_in(inputs)
    solved_at = solved_since(model, pool, steps, backend)
    order = np.argsort(solved_at, kind="stable")
    solved = int((solved_at <= steps).sum())
    within = max(solved, min(count, len(pool)))
    chosen = order[np.unique(np.linspace(within - 1, 0, count).round().astype(int))]
    return [
        Example(
            Puzzle(inputs[row], labels[row], int(ids[row]), fixed[row]),
            int(solved_at[row]) if solved_at[row] <= steps else None,
        )
        for row in chosen
    ]


@torch.no_grad()
def solved_since(
    model: TinyRecursiveModel,
    pool: PuzzleSet,
    steps: int,
    backend: Backend,
    judge: Judge | None = None,
    precision: str = "auto",
) -> npt.NDArray[np.int64]:
    """The step from which the answer to each puzzle stays right, ``[N]``; steps + 1 if there is none.

    Args:
        model: on the backend's device, in evaluation mode.
        pool: the puzzles, which are computed together.
        steps: number of supervision steps.
        backend: the device.
        judge: whether an answer ``[L]`` to a puzzle ``[L]`` is right although it differs from the label. Default: it is not.
        precision: number type of the matrix products, see `TrainingConfig.precision`.
    """
    labels = pool.scored_labels(slice(None))
    batch = next(iter(pool.batches(len(pool)))).to(backend.device)
    inputs = np.asarray(pool.inputs).astype(np.int64)
    since = np.full(len(pool), steps + 1)
    known = known_rows(labels)
    with backend.autocast(precision), progress("Solving test puzzles", steps, "steps") as advance:
        results = model.steps(batch.inputs, model.initial_state(len(pool)), batch.puzzle_ids, steps)
        for step, (_, output) in enumerate(results, start=1):
            answers = pool.description.complete(inputs, output.logits.argmax(-1).cpu().numpy())
            right = ((answers == labels) | (labels == IGNORED)).all(1) & known
            if judge is not None:
                for row in np.flatnonzero(~right):
                    right[row] = judge(inputs[row], answers[row])
            since = np.where(right, np.minimum(since, step), steps + 1)
            advance(1)
    return since
