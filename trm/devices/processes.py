"""Several processes on one training: their shares of the batch, and what they tell each other, by `torch.distributed`.

Each process draws the puzzles and the random numbers of the whole batch, and works on its own rows of it. So a slot sees
the very same whatever the number of processes, and only the order of summation differs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from trm.devices import Backend, get_backend
from trm.errors import ReportedElsewhere, TRMError

STEP_TIMEOUT = timedelta(seconds=50)
"""How long a process waits for the others while they train. They do the same, so who is missing for longer is gone."""

PATIENCE = timedelta(days=1)
"""The same before the first step is done and after the last, when one process may have much more to do: data, compiling,
scoring. A process that dies is noticed at once all the same: its connections close.
"""

GRACE = 3.0
"""Seconds that a failing process gives the others to say what happened to them."""

LOST = "lost contact"


class LostContact(TRMError):
    """A process can't be reached. `joined` finds out which, and puts that before the message."""


class Processes:
    """The processes of a training, seen from one of them. By itself: a single one, for which nothing here costs anything.

    Attributes:
        rank: this process's number, from 0.
        size: how many there are.
        device: where gradients are summed; those on another device go there and back.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: dist.Store | None = None) -> None:
        self.rank, self.size, self.store = rank, size, store
        self.device = torch.device("cpu")
        self.group: Any = None  # the patient one; from the second step on a brisk one
        self.broadcasts = 0

    @property
    def is_rank_zero(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This process's share of `count` rows: as equal as can be, in the order of the ranks."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def backend(self, name: str) -> Backend:
        """The device called `name` for this process: of several GPUs, the one with its number on this machine.

        Raises:
            UsageError: there is no such device; or not as many GPUs as processes.
        """
        backend = get_backend(name)
        if self.size > 1 and backend.device.type == "cuda" and dist.is_nccl_available():
            if backend.index is None:
                backend = get_backend(f"{backend.name}:{os.environ.get('LOCAL_RANK', '0')}")
            torch.cuda.set_device(backend.device)
            self.device = backend.device
        return backend

    def first_number(self, number: int | None) -> int | None:
        """The number of the first process that has one."""
        if self.size == 1:
            return number
        told = self._everyone(torch.tensor(-1 if number is None else number))
        return next((int(value) for value in told if value >= 0), None)

    def all_gather(self, values: Tensor) -> Tensor:
        """The numbers ``[K]`` of every process, ``[size, K]``, on the CPU."""
        return torch.stack(self._everyone(values))

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes. Sparse ones get the rows of all, in the order of the ranks."""
        if self.size == 1:
            return
        dense: list[Tensor] = []
        with _connected():
            for parameter in parameters:
                if parameter.grad is not None and parameter.grad.is_sparse:
                    parameter.grad = self._gathered(parameter.grad)
                elif parameter.grad is not None:
                    dense.append(parameter.grad)
            self._sum(dense)
            if self.group is None:  # the first step may have been compiling for long; the next ones won't
                self.group = dist.new_group(timeout=_step_timeout())

    def gather_rows(self, tensor: Tensor) -> Tensor:
        """The rows of all processes, in the order of the ranks."""
        return tensor if self.size == 1 else self._rows(tensor.detach().cpu())

    def gather_objects(self, objects: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The metrics of every process, with what each has counted."""
        if self.size == 1:
            return [objects]
        everyone: list[Any] = [None] * self.size
        with _connected():
            dist.all_gather_object(everyone, dict(objects), group=self.group)
        return everyone

    def broadcast_tensors(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the first process's values."""
        if self.size == 1:
            return
        with _connected():
            for tensor in tensors:
                values = tensor.detach().cpu()
                dist.broadcast(values, 0)
                tensor.detach().copy_(values)

    def broadcast(self, decide: Callable[[], str]) -> str:
        """What the first process decides; the others wait for it."""
        if self.store is None:
            return decide()
        self.broadcasts += 1
        if self.is_rank_zero:
            text = decide()
            with _connected():
                self.store.set(f"broadcast/{self.broadcasts}", text)
            return text
        with _connected():
            return self.store.get(f"broadcast/{self.broadcasts}").decode()

    def barrier(self) -> None:
        """Go on when all processes are here, however long that takes."""
        if self.size > 1:
            with _connected():
                dist.all_reduce(torch.zeros(1))

    def _sum(self, gradients: list[Tensor]) -> None:
        flat = torch.cat([gradient.flatten() for gradient in gradients]).to(self.device)
        dist.all_reduce(flat, group=self.group)
        for gradient, total in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(total.view_as(gradient))

    def _gathered(self, gradient: Tensor) -> Tensor:
        """A sparse gradient with the rows of all processes, not yet added up: so the sum of one id has the same order with
        any number of processes.
        """
        ids = self._rows(gradient._indices()[0].to(self.device))
        values = self._rows(gradient._values().to(self.device))
        gathered = torch.sparse_coo_tensor(ids[None], values, gradient.shape, check_invariants=False)
        return gathered.to(gradient.device)

    def _rows(self, tensor: Tensor) -> Tensor:
        """The rows of all processes; each may have another number of them."""
        counts = self._everyone(torch.tensor(len(tensor)))
        padded = tensor.new_zeros(int(max(counts)), *tensor.shape[1:])
        padded[: len(tensor)] = tensor
        parts = self._everyone(padded)
        return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])

    def _everyone(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, which are of one shape."""
        tensors = [torch.empty_like(tensor) for _ in range(self.size)]
        with _connected():
            dist.all_gather(tensors, tensor, group=self.group)
        return tensors


@contextlib.contextmanager
def joined() -> Iterator[Processes]:
    """The processes that torchrun started, or a single one without it; they part at the end.

    Where several fail, those that know the reason say it, each once, and the others leave with `ReportedElsewhere`.

    Raises:
        LostContact: a process died or does not answer; it is named.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Processes()
        return
    processes = _join()
    try:
        yield processes
        processes.barrier()
    except LostContact as lost:
        raise _who_is_lost(processes, lost) from lost
    except Exception as error:
        _leave_reason(processes, error)
        raise
    dist.destroy_process_group()


def _join() -> Processes:
    backends = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    try:
        store, rank, size = next(dist.rendezvous("env://"))
        if os.environ.get("GROUP_WORLD_SIZE") == "1":  # restarted processes must not find what the dead ones left there
            store = dist.PrefixStore(f"attempt/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
        dist.init_process_group(backends, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except RuntimeError as error:
        raise TRMError(f"The processes that torchrun started can't reach each other: {error}") from error
    return Processes(rank, size, store)


@contextlib.contextmanager
def _connected() -> Iterator[None]:
    """torch.distributed tells of every failure by a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        raise LostContact from error


def _leave_reason(processes: Processes, error: Exception) -> None:
    """Tell the others why this process fails; raise `ReportedElsewhere` where the first one fails for the same reason."""
    with contextlib.suppress(RuntimeError):
        _announce(processes, str(error))
        if not processes.is_rank_zero and _announced(processes, [0]).get(0) == str(error):
            raise ReportedElsewhere from error


def _who_is_lost(processes: Processes, lost: LostContact) -> TRMError:
    """After a failed call: the processes that are silent are lost, and the first of the others says so."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun ends those that are left, who have a word to say first
    everyone = range(processes.size)
    try:
        _announce(processes, LOST)
        reasons = _announced(processes, everyone)
    except RuntimeError:  # the first process keeps the store
        reasons = {rank: LOST for rank in everyone if rank}
    speaker = min(rank for rank, reason in reasons.items() if reason == LOST)
    if speaker != processes.rank or any(reason != LOST for reason in reasons.values()):
        return ReportedElsewhere()
    silent = " and ".join(str(rank) for rank in everyone if rank not in reasons)
    if not silent:
        return LostContact(f"The processes can't reach each other, though all are there: {lost.__cause__}.{lost}")
    return LostContact(f"Lost contact with rank {silent} of {processes.size}: it was killed, or does not answer.{lost}")


def _announce(processes: Processes, reason: str) -> None:
    assert processes.store is not None
    processes.store.set(f"reason/{processes.rank}", reason)


def _announced(processes: Processes, ranks: Iterable[int]) -> dict[int, str]:
    """The reasons of those that give one within the time of grace, by rank."""
    assert processes.store is not None
    keys = {rank: f"reason/{rank}" for rank in ranks}
    deadline = time.monotonic() + GRACE
    while not processes.store.check(list(keys.values())) and time.monotonic() < deadline:
        time.sleep(0.1)
    given = {rank: key for rank, key in keys.items() if processes.store.check([key])}
    return {rank: processes.store.get(key).decode() for rank, key in given.items()}


def _step_timeout() -> timedelta:
    """`TRM_STEP_TIMEOUT` in seconds, for processes that keep each other waiting for longer than the default."""
    seconds = os.environ.get("TRM_STEP_TIMEOUT")
    return timedelta(seconds=float(seconds)) if seconds else STEP_TIMEOUT
