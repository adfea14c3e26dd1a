"""Test-time search: more supervision steps, restarts from noisy initial states, votes over symmetric images.

SE-RRM evaluates with more steps than it was trained with (arXiv:2603.02193); PTRM uses noisy restarts (arXiv:2605.19943).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trm.config import AnswerChoice
from trm.data.augmentation import Augmentation
from trm.data.batch import Batch
from trm.data.puzzle_set import IntArray
from trm.devices.backend import Backend
from trm.errors import UsageError
from trm.model import Steps, TinyRecursiveModel

Check = Callable[[IntArray, IntArray], bool]
"""Whether an answer ``[L]`` to a puzzle ``[L]`` is valid by the task's own rules."""

Complete = Callable[[IntArray, IntArray], IntArray]
"""The predictions ``[B, L]`` for puzzles ``[B, L]`` as answers; see `trm.data.Description.complete`."""

Undo = Callable[[IntArray], IntArray]
"""Takes answers ``[B, L]`` to symmetric images back to the puzzles themselves."""


def probability(halt_logit: float) -> float:
    """The logistic function of a halting logit, without overflow."""
    return (1 + math.tanh(halt_logit / 2)) / 2


@dataclass(frozen=True)
class Search:
    """How many attempts are made at a puzzle, and which answer is chosen.

    Each puzzle is attempted `restarts * votes` times: first from the model's own initial state, then from noisy ones, and
    with votes as a random symmetric image of itself. A valid answer is chosen first (if a check is given), then the
    answer with the most votes, then the one with the highest halting logit.

    Attributes:
        steps: number of supervision steps per attempt.
        restarts: number of attempts per image.
        votes: number of images, including the puzzle itself.
        answer: "last": the last step of an attempt has a vote. "surest": each step has a vote, weighted by the
            model's probability that it is right.
        noise: standard deviation of the noise in the initial state of a restart.
        check: judges answers; a puzzle is finished as soon as an answer is valid. Default: no check.
        augmentation: draws the images; required for votes.
        seed: of noise and images.
        precision: number type of the matrix products, see `TrainingConfig.precision`.
        complete: makes answers of predictions, before they are checked and counted.
    """

    steps: int
    restarts: int = 1
    votes: int = 1
    answer: AnswerChoice = "last"
    noise: float = 0.5
    check: Check | None = None
    augmentation: Augmentation | None = None
    seed: int = 0
    precision: str = "auto"
    complete: Complete | None = None

    @property
    def plain(self) -> bool:
        """Whether there is no search, only a number of steps."""
        return self.restarts == self.votes == 1 and self.answer == "last" and self.check is None

    def counts(self, step: int) -> bool:
        """Whether the answer of a step, from 1, has a vote."""
        return self.answer == "surest" or step == self.steps

    def reads(self, step: int) -> bool:
        """Whether the answer of a step, from 1, is needed."""
        return self.check is not None or self.counts(step)

    def vote(self, halt_logit: float) -> float:
        """The weight of an answer's vote."""
        return probability(halt_logit) if self.answer == "surest" else 1.0


@dataclass
class Found:
    """The chosen answers to a batch."""

    predictions: IntArray  # [B, L]
    halt_logits: IntArray  # [B]
    steps: IntArray  # [B]: supervision steps spent


@dataclass
class _Candidates:
    """The different answers to one puzzle."""

    votes: dict[bytes, float] = field(default_factory=dict)
    confidence: dict[bytes, float] = field(default_factory=dict)  # the best halting logit of each
    valid: bytes | None = None

    def add(self, answer: IntArray, halt_logit: float, valid: bool, vote: float) -> None:
        key = np.asarray(answer, np.int64).tobytes()
        self.votes[key] = self.votes.get(key, 0) + vote
        self.confidence[key] = max(self.confidence.get(key, -np.inf), halt_logit)
        if valid and self.valid is None:
            self.valid = key

    def chosen(self) -> tuple[IntArray, float]:
        """The best answer and its halting logit."""
        best = self.valid or max(self.votes, key=lambda key: (self.votes[key], self.confidence[key]))
        return np.frombuffer(best, np.int64), self.confidence[best]


@torch.no_grad()
def search(model: TinyRecursiveModel, batch: Batch, plan: Search, backend: Backend) -> Found:
    """Answer a batch as `plan` says.

    Args:
        model: in evaluation mode, on the backend's device.
        batch: puzzles ``[B, L]``, on any device.
        plan: see `Search`.
        backend: where to compute.
    """
    attempts = _Attempts(model, batch, plan, backend)
    unsolved = np.arange(len(batch))
    for attempt in range(plan.restarts * plan.votes):
        if len(unsolved):
            unsolved = unsolved[~attempts.run(attempt, unsolved)]
    chosen = [candidate.chosen() for candidate in attempts.candidates]
    return Found(np.stack([answer for answer, _ in chosen]), np.array([logit for _, logit in chosen]), attempts.spent)


class _Attempts:
    """The attempts of a search at a batch, with the candidate answers that they gave and the steps that they took."""

    def __init__(self, model: TinyRecursiveModel, batch: Batch, plan: Search, backend: Backend) -> None:
        self.model, self.batch, self.plan, self.backend = model, batch, plan, backend
        self.noise_generator = torch.Generator().manual_seed(plan.seed)
        self.image_generator = np.random.default_rng(plan.seed)
        self.candidates = [_Candidates() for _ in range(len(batch))]
        self.spent = np.zeros(len(batch), np.int64)  # supervision steps

    def run(self, attempt: int, rows: IntArray) -> npt.NDArray[np.bool_]:
        """Try some rows of the batch once more.

        Rows with a valid answer leave the batch, so that the others take less time.

        Args:
            attempt: its number, from 0; it decides whether the attempt is an image or a restart.
            rows: indices ``[R]`` in the batch.

        Returns:
            Which rows were given a valid answer, ``[R]``.
        """
        batch = self.batch[torch.from_numpy(rows)]
        puzzles = batch.inputs.cpu().numpy()
        steps, undo = self._start(attempt, puzzles, batch.puzzle_ids)
        raw, valid = np.zeros_like(puzzles), np.zeros(len(rows), bool)
        running, kept = np.arange(len(rows)), None
        for step in range(1, self.plan.steps + 1):
            with self.backend.autocast(self.plan.precision):
                output = steps.send(kept).output
            kept = None
            self.spent[rows[running]] += 1
            if not self.plan.reads(step):
                continue
            raw[running] = output.logits.argmax(-1).cpu().numpy()
            answers = self._complete(puzzles, undo(raw))
            for row, halt_logit in zip(running, output.halt_logits.tolist(), strict=True):
                valid[row] = self._is_valid(puzzles[row], answers[row])
                if valid[row] or self.plan.counts(step):
                    weight = self.plan.vote(halt_logit)
                    self.candidates[rows[row]].add(answers[row], halt_logit, bool(valid[row]), weight)
            going = ~valid[running]
            if not going.any():
                break
            if not going.all():
                running, kept = running[going], torch.from_numpy(going).to(self.backend.device)
        return valid

    def _start(self, attempt: int, puzzles: IntArray, puzzle_ids: Tensor) -> tuple[Steps, Undo]:
        """The model's supervision steps for puzzles ``[R, L]``, and the function that takes answers back to them."""
        plan, device = self.plan, self.backend.device
        noise = plan.noise if attempt >= plan.votes else 0.0
        state = self.model.initial_state(len(puzzles), noise, self.noise_generator)
        is_image = attempt % plan.votes > 0
        shown, undo = _image(puzzles, self.image_generator, plan.augmentation) if is_image else (puzzles, _unchanged)
        return self.model.steps(torch.from_numpy(shown).to(device), state, puzzle_ids.to(device), plan.steps), undo

    def _complete(self, puzzles: IntArray, predictions: IntArray) -> IntArray:
        return predictions if self.plan.complete is None else self.plan.complete(puzzles, predictions)

    def _is_valid(self, puzzle: IntArray, answer: IntArray) -> bool:
        return self.plan.check is not None and self.plan.check(puzzle, answer)


def _unchanged(answers: IntArray) -> IntArray:
    return answers


def _image(puzzles: IntArray, rng: np.random.Generator, augmentation: Augmentation | None) -> tuple[IntArray, Undo]:
    """A random symmetric image of each puzzle ``[B, L]``, and the function that takes its answers back."""
    if augmentation is None:
        raise UsageError("Votes need a task with an augmentation. Omit --votes.")
    shown, _, token = augmentation.apply(rng, puzzles, puzzles)
    return np.ascontiguousarray(shown), lambda answers: augmentation.invert(answers, token)
