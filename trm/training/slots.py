"""The slots of a training batch: each holds a puzzle, its carried state, and its number of supervision steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.errors import UsageError
from trm.model import State, StepLoss, StepOutput, TinyRecursiveModel, step_loss


@dataclass(frozen=True)
class Halting:
    """When a slot stops working on its puzzle.

    Attributes:
        n_supervision: maximum number of supervision steps.
        exploration: probability, per slot and step, of a random minimum number of steps before halting.
        when_right: probability, per step, that a slot with the right answer halts whatever its halting logit is.
        late_states: probability that a slot at the maximum goes on for as many steps again.
    """

    n_supervision: int
    exploration: float = 0.0
    when_right: float = 0.0
    late_states: float = 0.0


@dataclass
class SlotsStep:
    """The results of one supervision step of some slots."""

    state: State
    output: StepOutput
    loss: StepLoss


class Slots:
    """A batch whose rows halt at different times (paper, section 4.4; called "carry" in its code).

    With several processes, each works on some rows of the whole batch but draws the random numbers of all rows. Puzzles,
    states and step counts are those of its own rows. `halted` covers all rows and is on the CPU, once the processes have
    exchanged it.

    Args:
        model: the network; it also gives the initial states.
        size: number of slots B, over all processes.
        halting: when a slot halts.
        generator: random numbers for halting and noise. Default: torch's global generator.
        noise: standard deviation of the noise in initial states.
        rows: the slots of this process. Default: all.

    Raises:
        UsageError: the model has no fixed number of positions.
    """

    def __init__(
        self,
        model: TinyRecursiveModel,
        size: int,
        halting: Halting,
        generator: torch.Generator | None = None,
        noise: float = 0.0,
        rows: slice | None = None,
    ) -> None:
        self.model, self.halting, self.generator, self.noise = model, halting, generator, noise
        self.size, self.rows = size, rows or slice(0, size)
        own = self.rows.stop - self.rows.start
        device = model.initial_answer.device
        length = model.config.context_length
        if not length:
            raise UsageError("Training needs a model with a fixed number of positions: set model.context_length.")
        self.batch = Batch(
            torch.zeros(own, model.config.input_width, dtype=torch.long, device=device),
            torch.zeros(own, length, dtype=torch.long, device=device),
            torch.zeros(own, dtype=torch.long, device=device),
        )
        shape = (own, *model.state_shape())
        self.state = State(torch.zeros(shape, device=device), torch.zeros(shape, device=device))
        self.steps = torch.zeros(own, dtype=torch.long, device=device)
        self.halted = torch.ones(size, dtype=torch.bool, device=device)

    def stagger(self) -> None:
        """Spread the step counts of fresh slots, so that they do not all change puzzles at the same step."""
        rows = torch.arange(self.rows.start, self.rows.stop, device=self.steps.device)
        self.steps = rows * self.halting.n_supervision // self.size

    def refill(self, batch: Batch, start_step: Tensor | None = None) -> None:
        """Give the halted slots new puzzles and initial states.

        Args:
            batch: one row for each halted slot, those of other processes included.
            start_step: step counts of the new puzzles. Default: 0.
        """
        halted = self.halted.cpu()
        first = int(halted[: self.rows.start].sum())
        numbers = halted[self.rows].nonzero().flatten()
        own, rows = slice(first, first + len(numbers)), numbers.to(self.steps.device)
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
        """Run one supervision step of this process's slots, keep their states, and decide which of them halt.

        Returns:
            The outputs, and the loss summed over the slots; divide it by the size of the whole batch.
        """
        whole = self.forward()
        self.advance([whole])
        return whole.output, whole.loss

    def forward(self, rows: slice = slice(None)) -> SlotsStep:
        """Compute one supervision step of some slots, without changing them; see `advance`."""
        batch = self.batch[rows]
        before = self.state.rows(rows)
        state, output = self.model.supervision_step(batch.inputs, before, batch.puzzle_ids)
        continuation, continue_logits = None, None
        if self.model.config.architecture == "hrm" and self.halting.n_supervision > 1:
            last = self.steps[rows] + 1 >= self.halting.n_supervision
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
        """Keep the states and decide which slots halt, given the results of `forward` for all slots in order."""
        self.state = State(*(torch.cat(tensors) for tensors in zip(*(part.state for part in parts), strict=True)))
        self.steps = self.steps + 1
        wants = torch.cat([self._wants_to_halt(part.output) for part in parts])
        halted = self._at_the_end() | (wants & (self.steps >= self._minimum_steps()))
        if self.halting.when_right:
            correct = torch.cat([part.loss.correct for part in parts])
            halted = halted | (correct & (self._drawn() < self.halting.when_right))
        self._set_halted(halted)

    def give_up_broken(self) -> None:
        """Halt the slots whose state is not finite, so that they receive new puzzles."""
        finite = [tensor.flatten(1).isfinite().all(1) for tensor in (self.state.answer, self.state.latent)]
        self._set_halted(self.halted[self.rows].to(self.steps.device) | ~(finite[0] & finite[1]))

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the slots, by name."""
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
        self.halted = self.halted.to(own.device, copy=True)
        self.halted[self.rows] = own

    def _at_the_end(self) -> Tensor:
        """Which slots have used up their steps. With `late_states`, some of them go on, so that late states are learned from."""
        ended = self.steps >= self.halting.n_supervision
        if not self.halting.late_states:
            return ended
        again = self._drawn() < self.halting.late_states
        return ended & (self.steps % self.halting.n_supervision == 0) & ~again

    def _drawn(self) -> Tensor:
        """A random number from 0 to 1 for each slot."""
        return torch.rand(self.size, generator=self.generator)[self.rows].to(self.steps.device)

    def _wants_to_halt(self, output: StepOutput) -> Tensor:
        if self.model.config.architecture == "hrm":
            return output.halt_logits.detach() > output.continue_logits.detach()
        return output.halt_logits.detach() > 0

    def _minimum_steps(self) -> Tensor:
        """The minimum number of steps of each slot: 0, or for some slots a random number (exploration)."""
        if self.halting.exploration == 0 or self.halting.n_supervision < 2:
            return torch.zeros_like(self.steps)
        explore = torch.rand(self.size, generator=self.generator) < self.halting.exploration
        minimum = torch.randint(2, self.halting.n_supervision + 1, (self.size,), generator=self.generator)
        return torch.where(explore, minimum, 0)[self.rows].to(self.steps.device)

    @torch.no_grad()
    def _value_of_continuing(self, batch: Batch, state: State, last: Tensor) -> Tensor:
        """HRM's Q-learning target: the next step's halting logits, without a gradient (arXiv:2506.21734)."""
        _, ahead = self.model.supervision_step(batch.inputs, state, batch.puzzle_ids)
        value = torch.where(last, ahead.halt_logits, torch.maximum(ahead.halt_logits, ahead.continue_logits))
        return value.sigmoid()
