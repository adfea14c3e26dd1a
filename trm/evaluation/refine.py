"""The refinement of one puzzle: the model's answer after each supervision step, or after each cycle of a step."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trm.data.puzzle_set import IGNORED, IntArray
from trm.devices.backend import Backend
from trm.errors import UsageError, quoted
from trm.evaluation.row_pool import initial_state
from trm.evaluation.search import Search
from trm.model import State, StepOutput, StepResult, TinyRecursiveModel
from trm.model.checks import check_puzzles, check_steps
from trm.model.losses import log_stablemax
from trm.model.watching import MixerWatch

FloatArray = npt.NDArray[np.float32]

RECORD_LIMIT = 1 << 30
"""Most bytes that the recorded states, messages and attention weights of one refinement may take."""


@dataclass(frozen=True)
class Puzzle:
    """One puzzle.

    Attributes:
        inputs: tokens ``[L]``, or a row ``[W]``; see `trm.data.PuzzleSet`.
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
        return np.where(self.fixed | unscored, self.inputs[: len(answer)], answer)

    @property
    def tokens(self) -> IntArray:
        """The puzzle's tokens ``[L]``, which are all of `inputs` unless the puzzle has a structure of its own."""
        return self.inputs[: self.fixed.size] if self.fixed.ndim else self.inputs

    @property
    def target(self) -> IntArray | None:
        """The right answer ``[L]`` as it is shown."""
        return None if self.labels is None else self.complete(self.labels)


@dataclass(frozen=True)
class Record:
    """What a refinement keeps of the model's inside. By default, nothing.

    What is recorded is computed in fp32, so that states far beyond the trained steps show the model and not the rounding.

    Attributes:
        states: the states y and z.
        messages: the sizes of the messages that the mixers send. Includes the states.
        attention: the attention weights of each head. Includes states and messages.
    """

    states: bool = False
    messages: bool = False
    attention: bool = False

    @property
    def anything(self) -> bool:
        return self.states or self.messages or self.attention


NOTHING = Record()


class RecordFields(TypedDict, total=False):
    """The fields of `Record` as keyword arguments."""

    states: bool
    messages: bool
    attention: bool


@dataclass(frozen=True)
class Inside:
    """The inside of the model at one moment. Positions include the P prefix tokens, which come first.

    Attributes:
        answer: y, ``[P+L, D]``, or ``[L, S, D]`` with one vector per position and interchangeable token.
        latent: z, of the same shape.
        calls, sources: see `trm.model.watching.Received`. Empty if messages are not recorded.
        received: the size of what each position received, ``[calls, sources, P+L]`` or ``[calls, sources, L, S]``; None
            if it is not recorded.
        attention: attention weights ``[calls, heads, P+L, P+L]`` in half precision; None if they are not recorded.
    """

    answer: FloatArray
    latent: FloatArray
    calls: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    received: FloatArray | None = None
    attention: npt.NDArray[np.float16] | None = None

    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        values = (getattr(self, field.name) for field in fields(self))
        return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


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
        inside: the states and messages, if they were to be recorded.
    """

    step: int
    cycle: int
    cycles: int
    answer: IntArray
    changed: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.bool_] | None
    probabilities: FloatArray
    halt: float
    inside: Inside | None = None

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
    model: TinyRecursiveModel,
    puzzle: Puzzle,
    steps: int,
    backend: Backend,
    cycles: bool = False,
    record: Record = NOTHING,
    restart: int = 0,
) -> Iterator[Frame]:
    """Run a model on a puzzle and yield one frame at a time, as soon as it is computed.

    Args:
        model: on the backend's device, in evaluation mode.
        puzzle: the puzzle.
        steps: number of supervision steps.
        backend: the device.
        cycles: yield a frame for each of the T cycles of a step. Default: only for the last.
        record: what to keep of the model's inside.
        restart: 0 starts from the model's own initial state, another number from one with noise: the state that
            `trm solve --restarts` begins its attempt of that number with.

    Raises:
        UsageError: `steps` is below 1 or `restart` below 0, the puzzle has a wrong length, token, label or id, the mixer
            offers no messages, or the record would take more than `RECORD_LIMIT` bytes.
    """
    check_puzzle(model, puzzle)
    steps = check_steps(steps, 1)
    run = model.cycles if cycles else model.steps
    inputs = torch.from_numpy(np.asarray(puzzle.inputs, dtype=np.int64))[None].to(backend.device)
    ids = torch.tensor([puzzle.puzzle_id], device=backend.device)
    results = run(inputs, restarted(model, puzzle, restart), ids, steps)
    total = model.config.T_steps
    times = itertools.product(range(1, steps + 1), range(1 if cycles else total, total + 1))
    moments = _moments(iter(results), _recorder(model, record), backend, steps * (total if cycles else 1))
    return _frames(model, puzzle, ((step, cycle, total) for step, cycle in times), moments)


def restarted(model: TinyRecursiveModel, puzzle: Puzzle, restart: int) -> State:
    """The state that a restart of a puzzle begins with; see `refine`.

    Raises:
        UsageError: `restart` is no integer of at least 0.
    """
    if isinstance(restart, bool) or not isinstance(restart, int) or restart < 0:
        raise UsageError(f"restart must be an integer of at least 0, got {quoted(restart)}.")
    plan = Search(steps=1)
    stream, _ = plan.stream(restart, np.asarray(puzzle.inputs), puzzle.puzzle_id).spawn(2)
    return initial_state(model, plan.noise_of(restart), stream)


def check_puzzle(model: TinyRecursiveModel, puzzle: Puzzle) -> None:
    """Raise `UsageError` if the model cannot be given a puzzle."""
    for name, tokens in (("inputs", puzzle.inputs), ("labels", puzzle.labels)):
        if tokens is not None and np.asarray(tokens).dtype.kind not in "iu":
            raise UsageError(f"Puzzle.{name} must hold integers, got an array of {np.asarray(tokens).dtype}.")
    inputs = torch.from_numpy(np.asarray(puzzle.inputs, dtype=np.int64))[None]
    labels = None if puzzle.labels is None else torch.from_numpy(np.asarray(puzzle.labels, dtype=np.int64))[None]
    check_puzzles(model.config, inputs, labels, torch.tensor([puzzle.puzzle_id]))


class _StateRecorder:
    """Records states, and what a `MixerWatch` sees if there is one."""

    def __init__(self, watch: MixerWatch | None) -> None:
        self.watch = watch

    def watching(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self.watch is None else self.watch.watching()

    def inside(self, state: State) -> Inside:
        answer, latent = (part[0].float().cpu().numpy() for part in state)
        if self.watch is None:
            return Inside(answer, latent)
        seen = self.watch.received()
        attention = None if seen.attention is None else seen.attention.numpy()
        return Inside(answer, latent, seen.calls, seen.sources, seen.sizes.numpy(), attention)


def _recorder(model: TinyRecursiveModel, record: Record) -> _StateRecorder | None:
    if not record.anything:
        return None
    return _StateRecorder(MixerWatch(model, record.attention) if record.messages or record.attention else None)


def _moments(
    results: Iterator[StepResult], recorder: _StateRecorder | None, backend: Backend, count: int
) -> Iterator[tuple[StepOutput, Inside | None]]:
    """The outputs of `count` results, with the inside of the model if it is recorded."""
    precision = "auto" if recorder is None else "fp32"
    with contextlib.nullcontext() if recorder is None else recorder.watching():
        for number in range(count):
            inside = None
            with torch.no_grad(), backend.autocast(precision):  # closed before the yield, as in the core's own cycles
                state, output = next(results)
                if recorder is not None:
                    inside = recorder.inside(state)
            if inside is not None and number == 0:
                _check_size(inside.nbytes(), count)
            yield output, inside


def _check_size(nbytes: int, count: int) -> None:
    if nbytes * count > RECORD_LIMIT:
        raise UsageError(
            f"Recording {count} frames of {nbytes / (1 << 20):,.1f} MiB would take "
            f"{nbytes * count / (1 << 30):,.1f} GiB, more than {RECORD_LIMIT / (1 << 30):.0f}. Ask for fewer steps, or "
            "for less: attention weights take most, and cycles multiply the frames."
        )


def _frames(
    model: TinyRecursiveModel,
    puzzle: Puzzle,
    times: Iterator[tuple[int, int, int]],
    moments: Iterator[tuple[StepOutput, Inside | None]],
) -> Iterator[Frame]:
    before = None
    for when, (output, inside) in zip(times, moments, strict=True):
        answer = puzzle.complete(output.logits[0].argmax(-1).cpu().numpy())
        wrong = None if puzzle.target is None else answer != puzzle.target
        halt = float(torch.sigmoid(output.halt_logits[0].float()))
        probabilities = _probabilities(output.logits[0], model.config.loss)
        before = puzzle.inputs[: len(answer)] if before is None else before
        yield Frame(*when, answer, answer != before, wrong, probabilities, halt, inside)
        before = answer


def _probabilities(logits: Tensor, loss: str) -> FloatArray:
    """The probabilities of logits ``[L, V]``, by the function that the model was trained with."""
    values = log_stablemax(logits).exp() if loss == "stablemax" else logits.float().softmax(-1)
    return values.float().cpu().numpy()
