"""`RowPool`: the rows of a batch, each with an attempt at a puzzle; a row that is done takes the next waiting attempt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from trm.data.puzzle_set import IntArray
from trm.devices.backend import Backend
from trm.evaluation.pinning import Beliefs, Guess, guesses
from trm.evaluation.search import Candidates, Found, Search, Undo
from trm.model import State, StepOutput, TinyRecursiveModel

Key = TypeVar("Key")


def initial_state(model: TinyRecursiveModel, noise: float, stream: np.random.SeedSequence) -> State:
    """The state that one attempt at a puzzle starts from, with normal noise of a standard deviation from a stream."""
    return model.initial_state(1, noise, torch.Generator().manual_seed(int(stream.generate_state(1)[0])))


@dataclass(eq=False)
class _Puzzle(Generic[Key]):
    """A puzzle with the attempts made at it.

    Attributes:
        key: what the caller knows it by.
        inputs: tokens ``[L]``.
        puzzle_id: its row in the puzzle embedding.
        turns: the attempts that may be made before the puzzle is returned.
        guesses: what restarts are given, one each, as soon as the first attempt is done.
        started: number of attempts that have been started.
        finished: the attempts that are done, by their numbers.
    """

    key: Key
    inputs: IntArray
    puzzle_id: int
    turns: int
    guesses: list[Guess] = field(default_factory=list)
    started: int = 0
    finished: dict[int, _Attempt[Key]] = field(default_factory=dict)

    @property
    def solved_by(self) -> int | None:
        """The number of the first attempt with a valid answer, as far as they are done."""
        return min((number for number, attempt in self.finished.items() if attempt.candidates.valid), default=None)

    @property
    def may_start_another(self) -> bool:
        """Whether another attempt may run beside the others: as many as were in vain, so that little is done for nothing."""
        in_vain = len(self.finished) if self.solved_by is None else 0
        return self.started < min(self.turns, 2 * in_vain)

    @property
    def is_settled(self) -> bool:
        """Whether all attempts are done that may be made, or all up to the first with a valid answer."""
        solved_by = self.solved_by
        needed = self.turns if solved_by is None else solved_by + 1
        return all(number in self.finished for number in range(needed))

    def chosen(self) -> Found:
        """The best answer, as if the attempts had followed one another: those after a valid answer do not count."""
        solved_by = self.solved_by
        made = [self.finished[number] for number in sorted(self.finished) if solved_by is None or number <= solved_by]
        candidates = Candidates()
        for attempt in made:
            candidates.merge(attempt.candidates)
        return candidates.chosen(sum(attempt.step for attempt in made))


@dataclass(eq=False)
class _Attempt(Generic[Key]):
    """An attempt at a puzzle; the fields from `undo` on are those of a running one. `beliefs` are summed over its steps."""

    puzzle: _Puzzle[Key]
    number: int
    undo: Undo
    step: int = 0
    is_sure: bool = False
    beliefs: Beliefs | None = None
    candidates: Candidates = field(default_factory=Candidates)


@dataclass(frozen=True)
class _Tensors:
    """What the model needs for the rows: inputs ``[R, L]``, the carried state, and puzzle ids ``[R]``."""

    inputs: Tensor
    state: State
    ids: Tensor

    def rows(self, kept: Tensor) -> _Tensors:
        """Some of the rows."""
        return _Tensors(self.inputs[kept], self.state.rows(kept), self.ids[kept])

    @classmethod
    def joined(cls, parts: list[_Tensors]) -> _Tensors:
        """Rows below each other. A state that is the same at every position is broadcast."""
        shape = max((part.state.answer.shape[1:] for part in parts), key=lambda sizes: sizes.numel())
        states = [[value.expand(len(value), *shape) for value in part.state] for part in parts]
        return cls(
            torch.cat([part.inputs for part in parts]),
            State(*(torch.cat(values) for values in zip(*states, strict=True))),
            torch.cat([part.ids for part in parts]),
        )


class RowPool(Generic[Key]):
    """Searches answers to a stream of puzzles of one size, in a batch of rows that stays full while puzzles wait.

    A row is one attempt at one puzzle. Rows whose attempt is done, because its answer is valid, the model is sure of it or
    its steps are used up, take the next waiting attempt, so the batch has the same shape until no attempt waits; then it
    shrinks. With a check, the attempts at a puzzle follow one another until an answer is valid. Once one was in vain, they
    run side by side in rows that would be empty. Without a check, they always run side by side.

    A puzzle's answer does not depend on the other rows, but for the rounding of matrix products of another shape.

    Args:
        model: in evaluation mode, on the backend's device.
        plan: how many attempts are made, and which answer is chosen.
        backend: where to compute.
        rows: number of rows.

    Attributes:
        paused: the puzzles, by key, of which not all attempts have been made; `resume` goes on with them.
    """

    def __init__(self, model: TinyRecursiveModel, plan: Search, backend: Backend, rows: int) -> None:
        self.model, self.plan, self.backend, self.size = model, plan, backend, rows
        self.waiting: deque[_Puzzle[Key]] = deque()  # each time for its next attempt
        self.running: list[_Attempt[Key]] = []
        self.tensors: _Tensors | None = None
        self.paused: dict[Key, _Puzzle[Key]] = {}

    @property
    def hungry(self) -> bool:
        """Whether the next step has free rows for another puzzle."""
        return len(self.running) + len(self.waiting) < self.size

    @property
    def busy(self) -> bool:
        """Whether a puzzle waits or is being solved."""
        return bool(self.running or self.waiting)

    def add(self, key: Key, inputs: IntArray, puzzle_id: int = 0, turns: int | None = None) -> None:
        """Line up a puzzle ``[L]``, which `step` later returns under `key`.

        Args:
            key: what the caller knows it by.
            inputs: its tokens, or its row ``[W]``.
            puzzle_id: its row in the puzzle embedding.
            turns: with a check, `step` returns the puzzle after so many attempts without a valid answer, and `resume`
                goes on with it. Default: after all attempts of the plan.
        """
        puzzle = _Puzzle(key, np.asarray(inputs, np.int64), puzzle_id, turns or self.plan.attempts)
        at_once = self.plan.attempts if self.plan.check is None else 1
        self.waiting.extend([puzzle] * at_once)

    def resume(self, key: Key, turns: int = 1) -> None:
        """Make further attempts at a paused puzzle, before those at the puzzles that wait."""
        puzzle = self.paused.pop(key)
        puzzle.turns += turns
        self.waiting.appendleft(puzzle)

    def forget(self, key: Key) -> None:
        """Drop a puzzle that is paused, if it is."""
        self.paused.pop(key, None)

    @torch.no_grad()
    def step(self) -> list[tuple[Key, Found]]:
        """Run a supervision step of every row, and return the puzzles that it finished."""
        self._fill()
        assert self.tensors is not None
        inputs, state, ids = self.tensors.inputs, self.tensors.state, self.tensors.ids
        with self.backend.autocast(self.plan.precision):
            state, output = self.model.supervision_step(inputs, state, ids)
        self.tensors = _Tensors(inputs, state, ids)
        self._read(output)
        if self.plan.unknown_id is not None:
            self._believe(output)
        closed = self._close()
        self._drop([row for row, attempt in enumerate(self.running) if self._is_over(attempt)])
        return [(puzzle.key, puzzle.chosen()) for puzzle in closed if self._is_returned(puzzle)]

    def _fill(self) -> None:
        """Give free rows to waiting attempts, then to further ones at the puzzles that are running."""
        started: list[_Tensors] = [] if self.tensors is None else [self.tensors]
        while self.waiting and len(self.running) < self.size:
            started.append(self._start(self.waiting.popleft()))
        for puzzle in dict.fromkeys(attempt.puzzle for attempt in self.running):
            while puzzle.may_start_another and len(self.running) < self.size:
                started.append(self._start(puzzle))
        self.tensors = _Tensors.joined(started)

    def _start(self, puzzle: _Puzzle[Key]) -> _Tensors:
        number = puzzle.started
        noise, image = self.plan.stream(number, puzzle.inputs, puzzle.puzzle_id).spawn(2)
        guess = self.plan.guess_of(number, puzzle.guesses)
        given = guess.filled_in(puzzle.inputs) if guess else puzzle.inputs
        shown, undo = self.plan.image(number, given, image)
        puzzle.started += 1
        self.running.append(_Attempt(puzzle, number, undo))
        device = self.backend.device
        return _Tensors(
            torch.from_numpy(np.ascontiguousarray(shown, np.int64))[None].to(device),
            initial_state(self.model, 0.0 if guess else self.plan.noise_of(number), noise),
            torch.tensor([puzzle.puzzle_id], device=device),
        )

    def _read(self, output: StepOutput) -> None:
        """Count the answers of a step."""
        for attempt in self.running:
            attempt.step += 1
        rows = [row for row, attempt in enumerate(self.running) if self.plan.reads(attempt.step)]
        if not rows:
            return
        predicted, halts = output.logits.argmax(-1).cpu().numpy(), output.halt_logits.tolist()
        attempts = [self.running[row] for row in rows]
        answers = np.stack([attempt.undo(predicted[row]) for row, attempt in zip(rows, attempts, strict=True)])
        if self.plan.complete is not None:
            answers = self.plan.complete(np.stack([attempt.puzzle.inputs for attempt in attempts]), answers)
        for row, attempt, answer in zip(rows, attempts, answers, strict=True):
            valid = self.plan.is_valid(attempt.puzzle.inputs, answer)
            attempt.is_sure = self.plan.is_sure(halts[row])
            if valid or attempt.is_sure or self.plan.counts(attempt.step):
                attempt.candidates.add(answer, halts[row], valid, self.plan.vote(halts[row]))

    def _believe(self, output: StepOutput) -> None:
        """Add the probabilities of a step to the beliefs of first attempts."""
        rows = [row for row, attempt in enumerate(self.running) if attempt.number == 0]
        believed = output.logits[rows].float().softmax(-1).cpu().numpy()
        for row, of_one in zip(rows, believed, strict=True):
            attempt = self.running[row]
            attempt.beliefs = of_one if attempt.beliefs is None else attempt.beliefs + of_one

    def _is_done(self, attempt: _Attempt[Key]) -> bool:
        return attempt.step == self.plan.steps or attempt.is_sure or attempt.candidates.valid is not None

    def _close(self) -> list[_Puzzle[Key]]:
        """Give the attempts that are done to their puzzles, and return these."""
        done = [attempt for attempt in self.running if self._is_done(attempt)]
        for attempt in done:
            attempt.puzzle.finished[attempt.number] = attempt
            if attempt.beliefs is not None and self.plan.unknown_id is not None:
                attempt.puzzle.guesses = guesses(attempt.puzzle.inputs, attempt.beliefs, self.plan.unknown_id)
        return list(dict.fromkeys(attempt.puzzle for attempt in done))

    def _is_over(self, attempt: _Attempt[Key]) -> bool:
        """Whether an attempt is done, or an earlier one has found a valid answer."""
        solved_by = attempt.puzzle.solved_by
        return attempt.number in attempt.puzzle.finished or (solved_by is not None and attempt.number > solved_by)

    def _is_returned(self, puzzle: _Puzzle[Key]) -> bool:
        """Whether a puzzle is solved, or had its turns. If the check asks for another attempt, it is the next to start."""
        if puzzle.is_settled:
            if puzzle.solved_by is None and puzzle.turns < self.plan.attempts:
                self.paused[puzzle.key] = puzzle
            return True
        runs = any(attempt.puzzle is puzzle for attempt in self.running)
        if self.plan.check is not None and not runs:
            self.waiting.appendleft(puzzle)
        return False

    def _drop(self, done: list[int]) -> None:
        """Free the rows of attempts that are done."""
        if not done:
            return
        kept = np.setdiff1d(np.arange(len(self.running)), done)
        self.running = [self.running[row] for row in kept]
        assert self.tensors is not None
        self.tensors = self.tensors.rows(torch.from_numpy(kept).to(self.backend.device)) if len(kept) else None
