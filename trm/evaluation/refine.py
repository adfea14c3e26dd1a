"""The refinement of one puzzle: the model's answer after each supervision step, or after each cycle of a step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trm.data.puzzle_set import IGNORED, IntArray
from trm.devices.backend import Backend
from trm.errors import UsageError
from trm.model import StepOutput, TinyRecursiveModel
from trm.model.checks import check_puzzles, check_steps
from trm.model.losses import log_stablemax

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Puzzle:
    """One puzzle.

    Attributes:
        inputs: tokens ``[L]``.
        labels: the right answer ``[L]``, -100 at positions that are not scored; None if it is unknown. Labels without a
            scored position become None.
        puzzle_id: its row in the puzzle embedding.
        fixed: the positions ``[L]`` that keep the puzzle's own token; see `trm.data.Description.fixed_in`.
    """

    inputs: IntArray
    labels: IntArray | None = None
    puzzle_id: int = 0
    fixed: npt.NDArray[np.bool_] | np.bool_ = np.False_

    def __post_init__(self) -> None:
        if self.labels is not None and (np.asarray(self.labels) == IGNORED).all():
            object.__setattr__(self, "labels", None)

    def complete(self, answer: IntArray) -> IntArray:
        """An answer ``[L]`` as it is shown: the puzzle's own tokens at fixed positions and at those that are not scored,
        where the predictions mean nothing.
        """
        unscored = np.False_ if self.labels is None else self.labels == IGNORED
        return np.where(self.fixed | unscored, self.inputs, answer)

    @property
    def target(self) -> IntArray | None:
        """The right answer ``[L]`` as it is shown."""
        return None if self.labels is None else self.complete(self.labels)


@dataclass(frozen=True)
class Frame:
    """The model's answer at one moment.

    Attributes:
        step: number of the supervision step, from 1.
        cycle: number of the cycle in the step, from 1.
        cycles: number of cycles in a step.
        answer: tokens ``[L]`` as they are displayed, see `Puzzle.complete`.
        changed: positions ``[L]`` whose token differs from the frame before, or from the puzzle in the first frame.
        wrong: positions ``[L]`` whose token is wrong; None if the right answer is unknown.
        probabilities: of every token at every position, ``[L, V]``.
        halt: the model's own probability that its whole answer is right.
    """

    step: int
    cycle: int
    cycles: int
    answer: IntArray
    changed: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.bool_] | None
    probabilities: FloatArray
    halt: float

    @property
    def right(self) -> bool | None:
        """Whether every scored position is right; None if the right answer is unknown."""
        return None if self.wrong is None else not self.wrong.any()

    def entropy(self) -> FloatArray:
        """The normalized entropy of each position, ``[L]``: 0 if one token is certain, 1 if all are equally probable."""
        p = self.probabilities
        nats: FloatArray = -(p * np.log(np.maximum(p, 1e-12))).sum(-1) / np.log(p.shape[-1])
        return nats.clip(0, 1)


def refine(
    model: TinyRecursiveModel, puzzle: Puzzle, steps: int, backend: Backend, cycles: bool = False
) -> Iterator[Frame]:
    """Run a model on a puzzle and yield one frame at a time, as soon as it is computed.

    Args:
        model: on the backend's device, in evaluation mode.
        puzzle: the puzzle.
        steps: number of supervision steps.
        backend: the device.
        cycles: yield a frame for each of the T cycles of a step. Default: only for the last.

    Raises:
        UsageError: `steps` is below 1, or the puzzle has a wrong length, token, label or id.
    """
    _check(model, puzzle)
    return _frames(model, puzzle, check_steps(steps, 1), backend, cycles)


def _check(model: TinyRecursiveModel, puzzle: Puzzle) -> None:
    """Raise `UsageError` if the model cannot be given a puzzle."""
    for name, tokens in (("inputs", puzzle.inputs), ("labels", puzzle.labels)):
        if tokens is not None and np.asarray(tokens).dtype.kind not in "iu":
            raise UsageError(f"Puzzle.{name} must hold integers, got an array of {np.asarray(tokens).dtype}.")
    inputs = torch.from_numpy(np.asarray(puzzle.inputs, dtype=np.int64))[None]
    labels = None if puzzle.labels is None else torch.from_numpy(np.asarray(puzzle.labels, dtype=np.int64))[None]
    check_puzzles(model.config, inputs, labels, torch.tensor([puzzle.puzzle_id]))


def _frames(model: TinyRecursiveModel, puzzle: Puzzle, steps: int, backend: Backend, cycles: bool) -> Iterator[Frame]:
    inputs = torch.from_numpy(np.asarray(puzzle.inputs, dtype=np.int64))[None].to(backend.device)
    ids = torch.tensor([puzzle.puzzle_id], device=backend.device)
    total = model.config.T_steps
    run = model.cycles if cycles else model.steps
    results = iter(run(inputs, model.initial_state(1), ids, steps))
    before = np.asarray(puzzle.inputs)
    for step, cycle in itertools.product(range(1, steps + 1), range(1 if cycles else total, total + 1)):
        with torch.no_grad(), backend.autocast():  # closed before the yield, as in the core's own cycles
            output = next(results).output
        frame = _frame(puzzle, before, (step, cycle, total), output, model.config.loss)
        before = frame.answer
        yield frame


def _frame(puzzle: Puzzle, before: IntArray, when: tuple[int, int, int], output: StepOutput, loss: str) -> Frame:
    answer = puzzle.complete(output.logits[0].argmax(-1).cpu().numpy())
    wrong = None if puzzle.target is None else answer != puzzle.target
    halt = float(torch.sigmoid(output.halt_logits[0].float()))
    return Frame(*when, answer, answer != before, wrong, _probabilities(output.logits[0], loss), halt)


def _probabilities(logits: Tensor, loss: str) -> FloatArray:
    """The probabilities of logits ``[L, V]``, by the function that the model was trained with."""
    values = log_stablemax(logits).exp() if loss == "stablemax" else logits.float().softmax(-1)
    return values.float().cpu().numpy()
