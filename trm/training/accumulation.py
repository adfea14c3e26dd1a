"""The gradients of one step: of all slots at once, or in parts that fit into the device's memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trm.devices import Backend
from trm.errors import TRMError
from trm.training.slots import Slots

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gradients:
    """The gradients of a step are in the parameters; this is what else is known. It stays on the device.

    Attributes:
        loss: this process's part of the mean loss.
        correct: which of its slots have the right answer, ``[rows]``.
        parameters: those with the gradients.
    """

    loss: Tensor
    correct: Tensor
    parameters: Sequence[Tensor]

    @property
    def finite(self) -> Tensor:
        """Whether the loss and all gradients are. Sums are tested: an infinite or undefined element makes its sum so, too."""
        sums = [parameter.grad.sum() for parameter in self.parameters if parameter.grad is not None]
        return torch.stack([self.loss, *sums]).isfinite().all()


class Accumulation:
    """Computes the gradients of a supervision step of the slots.

    If the device runs out of memory, the slots are computed in parts of half the size from then on, and the gradients
    are summed. The result is the same up to rounding and the random numbers of dropout.

    Args:
        slots: the training batch.
        backend: the device.
        precision: number type of the matrix products, see `TrainingConfig.precision`.
        batch_size: the divisor of the summed loss.

    Attributes:
        rows: number of slots that are computed at once.
    """

    def __init__(self, slots: Slots, backend: Backend, precision: str, batch_size: int) -> None:
        self.slots, self.backend, self.precision, self.batch_size = slots, backend, precision, batch_size
        self.rows = len(slots.steps)

    @property
    def is_split(self) -> bool:
        """Whether the slots are computed in parts."""
        return self.rows < len(self.slots.steps)

    def step(self) -> Gradients:
        """Run one supervision step of the slots. Its gradients are in the parameters afterwards.

        Raises:
            TRMError: the device has no memory for even one slot.
        """
        while True:
            try:
                return self._step()
            except Exception as error:
                if not out_of_memory(error):
                    raise
                if self.rows == 1:
                    raise TRMError(
                        f"{self.backend.name} has no memory for a training step of even one puzzle. Lower "
                        "model.hidden_dim, model.n_recursions or the size of the puzzles."
                    ) from error
            self._halve()  # not in the handler: its traceback keeps the tensors of the failed step alive

    def _step(self) -> Gradients:
        parts, losses = [], []
        for start in range(0, len(self.slots.steps), self.rows):
            with self.backend.autocast(self.precision):
                part = self.slots.forward(slice(start, start + self.rows))
            mean_loss = part.loss.total / self.batch_size
            mean_loss.backward()
            losses.append(mean_loss.detach())
            parts.append(part)
        self.slots.advance(parts)
        correct = torch.cat([part.loss.correct for part in parts])
        return Gradients(torch.stack(losses).sum(), correct, list(self.slots.model.parameters()))

    def _halve(self) -> None:
        self.slots.model.zero_grad(set_to_none=True)
        self.backend.release_memory()
        self.rows = (self.rows + 1) // 2
        logger.warning(
            "%s is out of memory: steps are now computed in parts of %d puzzles.", self.backend.name, self.rows
        )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error is CUDA's, the CPU's or MPS's way of reporting that no memory is left."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("DefaultCPUAllocator" in text or "out of memory" in text)
