"""The slots of a training batch: each holds a puzzle, its carried state, and how often it was worked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.errors import UsageError
from trm.model import State, StepLoss, StepOutput, TinyRecursiveModel, step_loss


@dataclass
class SlotsStep:
    """What a supervision step of some slots came to."""

    state: State
    output: StepOutput
    loss: StepLoss


class Slots:
    """A batch whose rows halt at different times (paper, section 4.4; the code's "carry").

    Of several processes each works on some rows of the whole batch, and draws the random numbers of all of it. Puzzles,
    states and step counts are those of the own rows; `halted` is of all rows, once the others have told theirs.

    Args:
        model: gives the states that puzzles start from.
        size: number of slots B, of all processes together.
        n_supervision: supervision steps after which a slot halts at the latest.
        halt_exploration: chance, per row and step, of a random minimum number of steps before halting.
        generator: for the exploration, the early halts and the noise.
        halt_when_right: chance, per step, that a slot whose answer is right halts, whatever its halting logit says.
        noise: standard deviation of the noise in the states that puzzles start from.
        rows: the slots that are worked on here; left out, all.
    """

    def __init__(
        self,
        model: TinyRecursiveModel,
        size: int,
        n_supervision: int,
        halt_exploration: float,
        generator: torch.Generator | None = None,
        halt_when_right: float = 0.0,
        noise: float = 0.0,
        rows: slice | None = None,
    ) -> None:
        self.model, self.n_supervision = model, n_supervision
        self.size, self.rows = size, rows or slice(0, size)
        own = self.rows.stop - self.rows.start
        self.halt_exploration, self.generator = halt_exploration, generator
        self.halt_when_right, self.noise = halt_when_right, noise
        device = model.initial_answer.device
        length = model.config.context_length
        if not length:
            raise UsageError("Training needs to know the positions of a puzzle: set context_length.")
        self.batch = Batch(
            torch.zeros(own, length, dtype=torch.long, device=device),
            torch.zeros(own, length, dtype=torch.long, device=device),
            torch.zeros(own, dtype=torch.long, device=device),
        )
        shape = (own, *model.state_shape())
        self.state = State(torch.zeros(shape, device=device), torch.zeros(shape, device=device))
        self.steps = torch.zeros(own, dtype=torch.long, device=device)
        self.halted = torch.ones(size, dtype=torch.bool, device=device)

    def stagger(self) -> None:
        """Spread the step counts of fresh slots, so that they don't all change puzzles at the same step."""
        rows = torch.arange(self.rows.start, self.rows.stop, device=self.steps.device)
        self.steps = rows * self.n_supervision // self.size

    def refill(self, batch: Batch, start_step: Tensor | None = None) -> None:
        """Give the halted slots new puzzles and fresh states.

        Args:
            batch: as many rows as slots have halted, those of the other processes among them.
            start_step: step counts of the new puzzles; left out, 0.
        """
        rows = self.halted[self.rows]
        first = int(self.halted[: self.rows.start].sum())
        own = slice(first, first + int(rows.sum()))
        fresh = State(*(part[own] for part in self.model.initial_state(len(batch), self.noise, self.generator)))
        for held, new in (
            (self.batch.inputs, batch.inputs),
            (self.batch.labels, batch.labels),
            (self.batch.puzzle_ids, batch.puzzle_ids),
        ):
            held[rows] = new[own].to(held.dtype)
        self.state = State(self.state.answer.clone(), self.state.latent.clone())
        self.state.answer[rows] = fresh.answer.to(self.state.answer.dtype)
        self.state.latent[rows] = fresh.latent.to(self.state.latent.dtype)
        self.steps[rows] = 0 if start_step is None else start_step

    def step(self) -> tuple[StepOutput, StepLoss]:
        """One supervision step of the own slots: carries the states on and decides who halts.

        The loss is their sum; the caller divides by the size of the whole batch.
        """
        whole = self.forward()
        self.advance([whole])
        return whole.output, whole.loss

    def forward(self, rows: slice = slice(None)) -> SlotsStep:
        """Compute a supervision step of some slots; `advance` makes it theirs."""
        batch = self.batch[rows]
        before = State(self.state.answer[rows], self.state.latent[rows])
        state, output = self.model.supervision_step(batch.inputs, before, batch.puzzle_ids)
        continuation, continue_logits = None, None
        if self.model.config.architecture == "hrm" and self.n_supervision > 1:
            last = self.steps[rows] + 1 >= self.n_supervision
            continuation, continue_logits = self._value_of_continuing(batch, state, last), output.continue_logits
        config = self.model.config
        loss = step_loss(
            output.logits,
            output.halt_logits,
            batch.labels,
            config.loss,
            continuation,
            continue_logits,
            config.halt_loss_weight,
        )
        return SlotsStep(state, output, loss)

    def advance(self, parts: Sequence[SlotsStep]) -> None:
        """Carry the states on and decide who halts, once `forward` has gone through all slots in order."""
        self.state = State(*(torch.cat(tensors) for tensors in zip(*(part.state for part in parts), strict=True)))
        self.steps = self.steps + 1
        wants = torch.cat([self._wants_to_halt(part.output) for part in parts])
        halted = (self.steps >= self.n_supervision) | (wants & (self.steps >= self._minimum_steps()))
        if self.halt_when_right:
            correct = torch.cat([part.loss.correct for part in parts])
            drawn = torch.rand(self.size, generator=self.generator)[self.rows].to(self.steps.device)
            halted = halted | (correct & (drawn < self.halt_when_right))
        self._set_halted(halted)

    def give_up_broken(self) -> None:
        """Halt the slots whose state is not finite, so that they take new puzzles."""
        finite = [tensor.flatten(1).isfinite().all(1) for tensor in (self.state.answer, self.state.latent)]
        self._set_halted(self.halted[self.rows] | ~(finite[0] & finite[1]))

    def tensors(self) -> dict[str, Tensor]:
        """All that the slots hold, by name."""
        return {
            "inputs": self.batch.inputs,
            "labels": self.batch.labels,
            "puzzle_ids": self.batch.puzzle_ids,
            "answer": self.state.answer,
            "latent": self.state.latent,
            "steps": self.steps,
            "halted": self.halted,
        }

    def _set_halted(self, own: Tensor) -> None:
        self.halted = self.halted.clone()
        self.halted[self.rows] = own

    def _wants_to_halt(self, output: StepOutput) -> Tensor:
        if self.model.config.architecture == "hrm":
            return output.halt_logits.detach() > output.continue_logits.detach()
        return output.halt_logits.detach() > 0

    def _minimum_steps(self) -> Tensor:
        """Now and then a slot must go on for a random number of steps, whatever it wants."""
        if self.halt_exploration == 0 or self.n_supervision < 2:
            return torch.zeros_like(self.steps)
        explore = torch.rand(self.size, generator=self.generator) < self.halt_exploration
        minimum = torch.randint(2, self.n_supervision + 1, (self.size,), generator=self.generator)
        return torch.where(explore, minimum, 0)[self.rows].to(self.steps.device)

    @torch.no_grad()
    def _value_of_continuing(self, batch: Batch, state: State, last: Tensor) -> Tensor:
        """HRM's Q-learning target: what the next step would say, without its gradient (arXiv:2506.21734)."""
        _, ahead = self.model.supervision_step(batch.inputs, state, batch.puzzle_ids)
        value = torch.where(last, ahead.halt_logits, torch.maximum(ahead.halt_logits, ahead.continue_logits))
        return value.sigmoid()
