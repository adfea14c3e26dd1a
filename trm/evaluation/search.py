"""Test-time compute: more supervision steps, restarts from other first states, votes over symmetric images.

More steps than trained with is what SE-RRM does (arXiv:2603.02193), noisy restarts what PTRM does (arXiv:2605.19943).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from trm.data.augmentation import Augmentation
from trm.data.batch import Batch
from trm.data.puzzle_set import IntArray
from trm.devices.backend import Backend
from trm.errors import UsageError
from trm.model import State, TinyRecursiveModel

Check = Callable[[IntArray, IntArray], bool]
"""Whether an answer ``[L]`` to a puzzle ``[L]`` is valid by the task's own rules."""


@dataclass(frozen=True)
class Search:
    """How much is computed for an answer, and how one is chosen.

    Each puzzle is tried `restarts * votes` times: the first time from the model's own first state, later from noisy ones,
    and with votes as a random symmetric image of itself. Of the answers the one is taken that is valid (where a check is
    given), then the most frequent, then the one with the highest halting logit.

    Attributes:
        steps: supervision steps of each try.
        restarts: tries of each image.
        votes: images, the puzzle itself among them.
        noise: standard deviation of the noise in the first state of a restart.
        check: where given, a puzzle is done as soon as an answer is valid.
        augmentation: makes the images; votes need one.
        seed: of noise and images.
    """

    steps: int
    restarts: int = 1
    votes: int = 1
    noise: float = 0.5
    check: Check | None = None
    augmentation: Augmentation | None = None
    seed: int = 0

    @property
    def plain(self) -> bool:
        """Whether it is nothing but a number of steps."""
        return self.restarts == self.votes == 1 and self.check is None


@dataclass
class Found:
    """What a search found for a batch, row by row."""

    predictions: IntArray  # [B, L]
    halt_logits: IntArray  # [B]
    steps: IntArray  # [B]: supervision steps spent


@dataclass
class _Candidates:
    """The different answers to one puzzle."""

    votes: dict[bytes, int] = field(default_factory=dict)
    confidence: dict[bytes, float] = field(default_factory=dict)  # the best halting logit of each
    valid: bytes | None = None

    def add(self, answer: IntArray, halt_logit: float, valid: bool) -> None:
        key = np.asarray(answer, np.int64).tobytes()
        self.votes[key] = self.votes.get(key, 0) + 1
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
    generator = torch.Generator().manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    candidates = [_Candidates() for _ in range(len(batch))]
    spent = np.zeros(len(batch), np.int64)
    open_rows = np.arange(len(batch))
    for attempt in range(plan.restarts * plan.votes):
        if not len(open_rows):
            break
        noise = plan.noise if attempt >= plan.votes else 0.0
        state = model.initial_state(len(open_rows), noise, generator)
        image = attempt % plan.votes > 0
        answers, logits, valid, steps = _attempt(
            model, batch[torch.from_numpy(open_rows)], state, image, plan, rng, backend
        )
        for index, row in enumerate(open_rows):
            candidates[row].add(answers[index], float(logits[index]), bool(valid[index]))
        spent[open_rows] += steps
        open_rows = open_rows[~valid]
    chosen = [candidate.chosen() for candidate in candidates]
    return Found(np.stack([answer for answer, _ in chosen]), np.array([logit for _, logit in chosen]), spent)


def _attempt(
    model: TinyRecursiveModel,
    batch: Batch,
    state: State,
    image: bool,
    plan: Search,
    rng: np.random.Generator,
    backend: Backend,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """One try of each row: answers ``[B, L]``, halting logits, whether valid, and steps spent, ``[B]`` each.

    Rows that are done leave the batch, so that the rest costs less.
    """
    puzzles = batch.inputs.cpu().numpy()
    shown, undo = _image(puzzles, rng, plan.augmentation) if image else (puzzles, lambda answers: answers)
    inputs, ids = torch.from_numpy(shown).to(backend.device), batch.puzzle_ids.to(backend.device)
    raw = np.zeros_like(puzzles)
    logits = np.zeros(len(puzzles))
    valid = np.zeros(len(puzzles), bool)
    steps = np.zeros(len(puzzles), np.int64)
    running = np.arange(len(puzzles))
    for step in range(plan.steps):
        with backend.autocast():
            state, output = model.supervision_step(inputs, state, ids)
        if plan.check is None and step < plan.steps - 1:
            continue
        raw[running] = output.logits.argmax(-1).cpu().numpy()
        logits[running] = output.halt_logits.float().cpu().numpy()
        steps[running] = step + 1
        if plan.check is None:
            break
        answers = undo(raw)
        valid[running] = [plan.check(puzzles[row], answers[row]) for row in running]
        going = torch.from_numpy(~valid[running]).to(backend.device)
        if not going.any():
            break
        if not going.all():
            running = running[~valid[running]]
            inputs, ids = inputs[going], ids[going]
            state = State(state.answer[going], state.latent[going])
    return undo(raw), logits, valid, steps


def _image(
    puzzles: IntArray, rng: np.random.Generator, augmentation: Augmentation | None
) -> tuple[IntArray, Callable[[IntArray], IntArray]]:
    """A random symmetric image of each puzzle ``[B, L]``, and what takes answers to it back."""
    if augmentation is None:
        raise UsageError("Votes need a task with an augmentation: leave out --votes.")
    shown, _, token = augmentation.apply(rng, puzzles, puzzles)
    return np.ascontiguousarray(shown), lambda answers: augmentation.invert(answers, token)
