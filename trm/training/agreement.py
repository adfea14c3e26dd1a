"""What the processes of a training must agree on in each step: its loss, who has halted, and that all drew the same puzzles."""

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
    """A `UsageError` where several processes can't do what one would."""
    if batch_size < processes.size:
        raise UsageError(
            f"training.batch_size {batch_size} is too small for {processes.size} processes: each needs a slot of its own."
        )
    if dropout and processes.size > 1:
        raise UsageError(
            "Dropout would draw other random numbers with several processes than with one: set model.dropout to 0, or train "
            "in one process."
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
    """Tell the other processes of the own slots, and learn of theirs: `slots.halted` is of all slots after it.

    Args:
        processes: all of them call this.
        slots: after their step.
        loss: the own slots' part of the mean.
        correct: which of the own slots are answered right.
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
            f"Rank {others[0]} drew other puzzles than rank 0. With several processes the order of the data and their "
            "augmentation may depend on the seed alone."
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
