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
from trm.training.accumulation import Gradients
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
        finite: whether the loss and all gradients are.
        right: how many have halted with the right answer.
        finished: how many have halted.
    """

    loss: float
    finite: bool
    right: int
    finished: int


def agree(processes: Processes, slots: Slots, gradients: Gradients, drawn: Batch | None) -> Agreed:
    """Exchange the results of a step. Afterwards `slots.halted` covers the slots of all processes and is on the CPU.

    All that has to be known of a step outside the device is read here, at once: each reading waits for the device.

    Args:
        processes: all of them must call this.
        slots: after their step.
        gradients: of this process's slots, summed over all processes.
        drawn: the puzzles that this process drew for all slots in this step.

    Raises:
        DataError: the processes drew different puzzles.
    """
    own = slots.halted[slots.rows]
    right = (gradients.correct & own).sum()
    step = torch.stack([gradients.loss.float(), gradients.finite.float(), right.float()])
    told = torch.cat([step, own.float()]).cpu().double()
    loss, finite, right = told[:3]
    if processes.size == 1:
        slots.halted = told[3:].bool()
        return Agreed(float(loss), bool(finite), int(right), int(slots.halted.sum()))
    of_all = torch.zeros(3 + slots.size, dtype=torch.float64)
    of_all[:3] = torch.tensor([loss, right, _digest(drawn)], dtype=torch.float64)
    of_all[3:][slots.rows] = told[3:]
    everyone = processes.all_gather(of_all)
    others = (everyone[:, 2] != everyone[0, 2]).nonzero().flatten().tolist()
    if others:
        raise DataError(
            f"Rank {others[0]} drew different puzzles than rank 0. With several processes, the order and the augmentation "
            "of the data must depend on the seed alone."
        )
    slots.halted = everyone[:, 3:].sum(0).bool()
    loss, right = everyone[:, :2].sum(0)
    return Agreed(float(loss), bool(finite) and bool(loss.isfinite()), int(right), int(slots.halted.sum()))


def all_halted(processes: Processes, slots: Slots) -> Tensor:
    """Which slots have halted, of all processes."""
    return processes.gather_rows(slots.halted[slots.rows].long()).bool()


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
