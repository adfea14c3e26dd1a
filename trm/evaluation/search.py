"""Test-time search: more supervision steps, restarts from noise or with a guess, votes over symmetric images.

SE-RRM evaluates with more steps than it was trained with (arXiv:2603.02193); PTRM uses noisy restarts (arXiv:2605.19943).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from trm.config import AnswerChoice
from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IntArray
from trm.errors import UsageError
from trm.evaluation.pinning import Guess

Check = Callable[[IntArray, IntArray], bool]
"""Whether an answer ``[L]`` to a puzzle ``[L]`` is valid by the task's own rules."""

Complete = Callable[[IntArray, IntArray], IntArray]
"""The predictions ``[B, L]`` for puzzles ``[B, L]`` as answers; see `trm.data.Description.complete`."""

Undo = Callable[[IntArray], IntArray]
"""Takes an answer ``[L]`` to a symmetric image back to the puzzle itself."""


def probability(halt_logit: float) -> float:
    """The logistic function of a halting logit, without overflow."""
    return (1 + math.tanh(halt_logit / 2)) / 2


@dataclass(frozen=True)
class Search:
    """How many attempts are made at a puzzle, and which answer is chosen.

    Each puzzle is attempted `restarts * votes` times: first from the model's own initial state, then from noisy ones or with
    a guess, and with votes as a random symmetric image of itself. A valid answer is chosen first (if a check is given), then the
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
        seed: of noise and images. They depend on the seed, the puzzle and the number of the attempt alone, so a puzzle
            gets the same answer whatever it is solved together with.
        precision: number type of the matrix products, see `TrainingConfig.precision`.
        complete: makes answers of predictions, before they are checked and counted.
        positions: number of tokens at the start of a puzzle's row. Default: the row holds nothing else.
        halt: an attempt ends when the model's probability that its answer is right reaches this number. Default: an
            attempt takes all its steps.
        unknown_id: the token of an unknown position. If it is given, each restart is given the value of one such position
            instead of starting from noise; see `trm.evaluation.pinning.guesses`. It needs a check: guesses may be wrong.
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
    positions: int | None = None
    halt: float | None = None
    unknown_id: int | None = None

    @property
    def attempts(self) -> int:
        """Number of attempts at a puzzle."""
        return self.restarts * self.votes

    @property
    def plain(self) -> bool:
        """Whether there is no search, only a number of steps."""
        return self.restarts == self.votes == 1 and self.answer == "last" and self.check is None and self.halt is None

    def counts(self, step: int) -> bool:
        """Whether the answer of a step, from 1, has a vote."""
        return self.answer == "surest" or step == self.steps

    def reads(self, step: int) -> bool:
        """Whether the answer of a step, from 1, is needed."""
        return self.check is not None or self.halt is not None or self.counts(step)

    def is_sure(self, halt_logit: float) -> bool:
        """Whether an attempt ends at an answer with this halting logit."""
        return self.halt is not None and probability(halt_logit) >= self.halt

    def vote(self, halt_logit: float) -> float:
        """The weight of an answer's vote."""
        return probability(halt_logit) if self.answer == "surest" else 1.0

    def noise_of(self, attempt: int) -> float:
        """The standard deviation of the noise in the initial state of an attempt, from 0."""
        return self.noise if attempt >= self.votes else 0.0

    def guess_of(self, attempt: int, guesses: Sequence[Guess]) -> Guess | None:
        """What an attempt, from 0, is given beyond the puzzle: one guess for each restart, as long as there are any."""
        restart = attempt // self.votes
        return guesses[restart - 1] if 0 < restart <= len(guesses) else None

    def image(self, attempt: int, puzzle: IntArray, stream: np.random.SeedSequence) -> tuple[IntArray, Undo]:
        """What an attempt is shown of a puzzle ``[L]``, and the function that takes its answers back.

        Raises:
            UsageError: it is to be shown an image, but there is no augmentation.
        """
        if attempt % self.votes == 0:
            return puzzle, _unchanged
        if self.augmentation is None:
            raise UsageError("Votes need a task with an augmentation. Omit --votes.")
        augmentation, rows = self.augmentation, puzzle[None]
        labels = rows[:, : self.positions]
        shown, _, token = augmentation.apply(np.random.default_rng(stream), rows, labels)
        return shown[0], lambda answer: augmentation.invert(answer[None], token)[0]

    def stream(self, attempt: int, puzzle: IntArray, puzzle_id: int) -> np.random.SeedSequence:
        """The source of randomness of an attempt at a puzzle ``[L]``."""
        content = np.asarray(puzzle, np.int64).tobytes() + puzzle_id.to_bytes(8, "little")
        return np.random.SeedSequence((self.seed, attempt, int.from_bytes(hashlib.sha256(content).digest(), "little")))

    def is_valid(self, puzzle: IntArray, answer: IntArray) -> bool:
        """Whether an answer ``[L]`` is known to be valid by the task's rules."""
        return self.check is not None and self.check(puzzle, answer)


def _unchanged(answer: IntArray) -> IntArray:
    return answer


@dataclass(frozen=True)
class Found:
    """The chosen answer to a puzzle.

    Attributes:
        answer: tokens ``[L]``.
        halt_logit: its halting logit.
        steps: supervision steps spent.
    """

    answer: IntArray
    halt_logit: float
    steps: int


@dataclass
class Candidates:
    """The different answers to one puzzle."""

    votes: dict[bytes, float] = field(default_factory=dict)
    confidence: dict[bytes, float] = field(default_factory=dict)  # the best halting logit of each
    valid: bytes | None = None

    def add(self, answer: IntArray, halt_logit: float, valid: bool, vote: float) -> None:
        """Count an answer ``[L]``."""
        self._count(np.asarray(answer, np.int64).tobytes(), halt_logit, valid, vote)

    def merge(self, later: Candidates) -> None:
        """Add the answers of a later attempt."""
        for key, vote in later.votes.items():
            self._count(key, later.confidence[key], key == later.valid, vote)

    def chosen(self, steps: int) -> Found:
        """The best answer, after so many supervision steps."""
        best = self.valid or max(self.votes, key=lambda key: (self.votes[key], self.confidence[key]))
        return Found(np.frombuffer(best, np.int64), self.confidence[best], steps)

    def _count(self, key: bytes, halt_logit: float, valid: bool, vote: float) -> None:
        self.votes[key] = self.votes.get(key, 0) + vote
        self.confidence[key] = max(self.confidence.get(key, -np.inf), halt_logit)
        if valid and self.valid is None:
            self.valid = key
