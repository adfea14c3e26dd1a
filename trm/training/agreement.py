"""What the processes of a training exchange in each step: the loss, the halted slots, and a checksum of the puzzles."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.devices.processes import Processes
from trm.errors import DataError, UsageError
from trm.training.slots import Slots


def check_share(processes: Processes, batch_size: int, dropout: float) -> None:
    """Check that several processes can train what one process would.

    Raises:
        UsageError: there are fewer slots than processes, or the model has dropout.
    """
    if batch_size < processes.size:
        raise UsageError(
            f"training.batch_size {batch_size} is too small for {processes.size} processes: each needs at least one slot."
        )
    if dropout and processes.size > 1:
        raise UsageError(
            "Dropout would draw different random numbers with several processes than with one. Set model.dropout to 0, or "
            "train in one process."
        )


@dataclass
class Agreed:
    """One step over the slots of all processes.

    Attributes:
        loss: its mean.
        right: how many have halted with the right answer.
        finished: how many have halted.
    """

    loss: float
    right: int
    finished: int


def agree(processes: Processes, slots: Slots, loss: float, correct: Tensor, drawn: Batch | None) -> Agreed:
    """Exchange the results of a step. Afterwards `slots.halted` covers the slots of all processes.

    Args:
        processes: all of them must call this.
        slots: after their step.
        loss: this process's part of the mean loss.
        correct: which slots of this process have the right answer.
        drawn: the puzzles that this process drew for all slots in this step.

    Raises:
        DataError: the processes drew different puzzles.
    """
    own = slots.halted[slots.rows]
    right = int((correct & own).sum())
    if processes.size == 1:
        return Agreed(loss, right, int(own.sum()))
    told = torch.zeros(3 + slots.size, dtype=torch.float64)
    told[:3] = torch.tensor([loss, right, _digest(drawn)], dtype=torch.float64)
    told[3:][slots.rows] = own.cpu().double()
    everyone = processes.all_gather(told)
    others = (everyone[:, 2] != everyone[0, 2]).nonzero().flatten().tolist()
    if others:
        raise DataError(
            f"Rank {others[0]} drew different puzzles than rank 0. With several processes, the order and the augmentation "
            "of the data must depend on the seed alone."
        )
    slots.halted = everyone[:, 3:].sum(0).bool().to(slots.halted.device)
    return Agreed(float(everyone[:, 0].sum()), int(everyone[:, 1].sum()), int(slots.halted.sum()))


def all_halted(processes: Processes, slots: Slots) -> Tensor:
    """Which slots have halted, of all processes."""
    return processes.gather_rows(slots.halted[slots.rows].long()).bool().to(slots.halted.device)


def all_slots(processes: Processes, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `Slots.tensors` gives, of all processes."""
    return {name: value if name == "halted" else processes.gather_rows(value) for name, value in own.items()}


def _digest(batch: Batch | None) -> int:
    """A checksum of puzzles that fits a double."""
    value = 0
    if batch is not None:
        for tensor in (batch.inputs, batch.labels, batch.puzzle_ids):
            value = zlib.crc32(tensor.cpu().numpy().tobytes(), value)
    return value
