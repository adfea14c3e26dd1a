"""The gradients of one step: of all slots at once, or of as many at a time as the device's memory holds."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from trm.devices import Backend
from trm.errors import TRMError
from trm.training.slots import Slots

logger = logging.getLogger(__name__)


class Accumulation:
    """Runs a supervision step of the slots forward and back.

    Where the device runs out of memory, half as many slots are taken at a time and their gradients added up, which is
    the same up to rounding (and dropout's draws).

    Args:
        slots: the training batch, of which this process works on its rows.
        backend: the device.
        precision: of the matrix products.
        batch_size: what the sum of the losses is divided by.

    Attributes:
        rows: slots that are computed at once.
    """

    def __init__(self, slots: Slots, backend: Backend, precision: str, batch_size: int) -> None:
        self.slots, self.backend, self.precision, self.batch_size = slots, backend, precision, batch_size
        self.rows = len(slots.steps)

    @property
    def is_split(self) -> bool:
        """Whether memory holds only some of the slots at once."""
        return self.rows < len(self.slots.steps)

    def step(self) -> tuple[float, Tensor]:
        """Take the slots one step on and leave the gradients in the parameters.

        Returns:
            This process's part of the mean loss, and which of its slots are answered right, ``[rows]``.

        Raises:
            TRMError: there is not even memory for one slot.
        """
        while True:
            try:
                return self._step()
            except Exception as error:
                if not out_of_memory(error):
                    raise
                if self.rows == 1:
                    raise TRMError(
                        f"{self.backend.name} has no memory for a training step of even one puzzle: lower "
                        "model.hidden_dim, model.n_recursions or the size of the puzzles."
                    ) from error
            self._halve()  # not in the handler, whose traceback holds on to what the failed step computed

    def _step(self) -> tuple[float, Tensor]:
        parts, loss = [], 0.0
        for start in range(0, len(self.slots.steps), self.rows):
            with self.backend.autocast(self.precision):
                part = self.slots.forward(slice(start, start + self.rows))
            mean_loss = part.loss.total / self.batch_size
            mean_loss.backward()
            loss += float(mean_loss.detach())
            parts.append(part)
        self.slots.advance(parts)
        return loss, torch.cat([part.loss.correct for part in parts])

    def _halve(self) -> None:
        self.slots.model.zero_grad(set_to_none=True)
        self.backend.release_memory()
        self.rows = (self.rows + 1) // 2
        logger.warning(
            "%s is out of memory: from here on a step is computed in parts of %d puzzles.", self.backend.name, self.rows
        )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left, in the way of CUDA, of the CPU or of MPS."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("DefaultCPUAllocator" in text or "out of memory" in text)


def gradients_are_finite(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether no gradient has an infinite or undefined number: the sum of one that has is itself not finite."""
    sums = [parameter.grad.sum() for parameter in parameters if parameter.grad is not None]
    return bool(torch.stack(sums).isfinite().all())
