"""Several processes that train one model: their rows of the batch, and their communication by `torch.distributed`.

Each process draws the puzzles and the random numbers of the whole batch, and works on its own rows. The result therefore
depends on the number of processes only by the order of floating-point summation.
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
"""How long a process waits for the others during training, where all steps take about the same time."""

PATIENCE = timedelta(days=1)
"""How long a process waits before the first step is done and after the last, when one process may have much more work:
building data, compiling, evaluation. A process that dies is noticed at once even so, because its connections close.
"""

GRACE = 3.0
"""Seconds that a failing process waits for the others to report their own errors."""

LOST = "lost contact"


class LostContact(TRMError):
    """A process cannot be reached. `joined` determines which one, and names it in the message."""


class Processes:
    """The processes of a training, seen from one of them. Default: a single process, which communicates with nobody.

    Attributes:
        rank: this process's number, from 0.
        size: number of processes.
        device: where gradients are summed. Gradients on another device are copied there and back.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: Any = None) -> None:
        self.rank, self.size, self.store = rank, size, store
        self.device = torch.device("cpu")
        self.group: Any = None  # the patient one; from the second step on a brisk one
        self.broadcasts = 0

    @property
    def is_rank_zero(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This process's share of `count` rows. Shares differ by at most one row and are in the order of the ranks."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def backend(self, name: str) -> Backend:
        """The device called `name` for this process. Each process of a machine gets a GPU of its own, by LOCAL_RANK.

        Raises:
            UsageError: there is no such device, or there are fewer GPUs than processes.
        """
        backend = get_backend(name)
        if self.size > 1 and backend.device.type == "cuda" and dist.is_nccl_available():
            if backend.index is None:
                backend = get_backend(f"{backend.name}:{os.environ.get('LOCAL_RANK', '0')}")
            torch.cuda.set_device(backend.device)
            self.device = backend.device
        return backend

    def first_number(self, number: int | None) -> int | None:
        """The first number, in the order of the ranks, that is not None; None if no process has one."""
        if self.size == 1:
            return number
        told = self._everyone(torch.tensor(-1 if number is None else number))
        return next((int(value) for value in told if value >= 0), None)

    def all_gather(self, values: Tensor) -> Tensor:
        """The values ``[K]`` of every process, as ``[size, K]`` on the CPU."""
        return torch.stack(self._everyone(values))

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Sum the gradients over all processes. Sparse gradients get the rows of all, in the order of the ranks."""
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
            if self.group is None:  # the first step may compile for a long time; later ones do not
                self.group = dist.new_group(timeout=_step_timeout())

    def gather_rows(self, tensor: Tensor) -> Tensor:
        """The rows of all processes, in the order of the ranks."""
        return tensor if self.size == 1 else self._rows(tensor.detach().cpu())

    def gather_objects(self, objects: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The objects of every process by name, in the order of the ranks."""
        if self.size == 1:
            return [objects]
        everyone: list[Any] = [None] * self.size
        with _connected():
            dist.all_gather_object(everyone, dict(objects), group=self.group)
        return everyone

    def broadcast_tensors(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors with the values of rank 0."""
        if self.size == 1:
            return
        with _connected():
            for tensor in tensors:
                values = tensor.detach().cpu()
                dist.broadcast(values, 0)
                tensor.detach().copy_(values)

    def broadcast(self, decide: Callable[[], str]) -> str:
        """Call `decide` in rank 0 and return its result in all processes."""
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
        """Wait until all processes have called this, however long that takes."""
        if self.size > 1:
            with _connected():
                dist.all_reduce(torch.zeros(1))

    def _sum(self, gradients: list[Tensor]) -> None:
        flat = torch.cat([gradient.flatten() for gradient in gradients]).to(self.device)
        dist.all_reduce(flat, group=self.group)
        for gradient, total in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(total.view_as(gradient))

    def _gathered(self, gradient: Tensor) -> Tensor:
        """A sparse gradient with the rows of all processes.

        The rows are not summed here, so that the sum of one id has the same order with any number of processes.
        """
        ids = self._rows(gradient._indices()[0].to(self.device))
        values = self._rows(gradient._values().to(self.device))
        gathered = torch.sparse_coo_tensor(ids[None], values, gradient.shape, check_invariants=False)
        return gathered.to(gradient.device)

    def _rows(self, tensor: Tensor) -> Tensor:
        """The rows of all processes, which may differ in their number of rows."""
        counts = self._everyone(torch.tensor(len(tensor)))
        padded = tensor.new_zeros(int(max(counts)), *tensor.shape[1:])
        padded[: len(tensor)] = tensor
        parts = self._everyone(padded)
        return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])

    def _everyone(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, which have the same shape."""
        tensors = [torch.empty_like(tensor) for _ in range(self.size)]
        with _connected():
            dist.all_gather(tensors, tensor, group=self.group)
        return tensors


@contextlib.contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started; without torchrun, a single process. They separate at the end.

    If several processes fail, each reason is reported once; the other processes raise `ReportedElsewhere`.

    Raises:
        LostContact: a process died or does not answer. The message names it.
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
        store, rank, size = next(dist.rendezvous("env://"))  # type: ignore[attr-defined]
        if os.environ.get("GROUP_WORLD_SIZE") == "1":  # restarted processes must not read the keys of the dead ones
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
            store = dist.PrefixStore(f"attempt/{attempt}", store)  # type: ignore[attr-defined]
        dist.init_process_group(backends, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except RuntimeError as error:
        raise TRMError(f"The processes that torchrun started cannot connect to each other: {error}") from error
    return Processes(rank, size, store)


@contextlib.contextmanager
def _connected() -> Iterator[None]:
    """Raise `LostContact` for the RuntimeErrors by which torch.distributed reports every failure."""
    try:
        yield
    except RuntimeError as error:
        raise LostContact from error


def _leave_reason(processes: Processes, error: Exception) -> None:
    """Store the reason of this process's failure. Raise `ReportedElsewhere` if rank 0 failed for the same reason."""
    with contextlib.suppress(RuntimeError):
        _announce(processes, str(error))
        if not processes.is_rank_zero and _announced(processes, [0]).get(0) == str(error):
            raise ReportedElsewhere from error


def _who_is_lost(processes: Processes, lost: LostContact) -> TRMError:
    """The error after a failed call. Processes that do not answer are lost; the first of the others reports them."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGTERM, signal.SIG_IGN
        )  # torchrun terminates the remaining processes, which must report first
    everyone = range(processes.size)
    try:
        _announce(processes, LOST)
        reasons = _announced(processes, everyone)
    except RuntimeError:  # rank 0 holds the store, so it is the lost one
        reasons = {rank: LOST for rank in everyone if rank}
    speaker = min(rank for rank, reason in reasons.items() if reason == LOST)
    if speaker != processes.rank or any(reason != LOST for reason in reasons.values()):
        return ReportedElsewhere()
    silent = " and ".join(str(rank) for rank in everyone if rank not in reasons)
    if not silent:
        return LostContact(f"The processes cannot reach each other, although all are running: {lost.__cause__}.{lost}")
    return LostContact(f"Lost contact with rank {silent} of {processes.size}: it was killed or does not respond.{lost}")


def _announce(processes: Processes, reason: str) -> None:
    assert processes.store is not None
    processes.store.set(f"reason/{processes.rank}", reason)


def _announced(processes: Processes, ranks: Iterable[int]) -> dict[int, str]:
    """The reasons that processes stored within the grace period, by rank."""
    assert processes.store is not None
    keys = {rank: f"reason/{rank}" for rank in ranks}
    deadline = time.monotonic() + GRACE
    while not processes.store.check(list(keys.values())) and time.monotonic() < deadline:
        time.sleep(0.1)
    given = {rank: key for rank, key in keys.items() if processes.store.check([key])}
    return {rank: processes.store.get(key).decode() for rank, key in given.items()}


def _step_timeout() -> timedelta:
    """`TRM_STEP_TIMEOUT` in seconds; set it if processes wait for each other longer than the default."""
    seconds = os.environ.get("TRM_STEP_TIMEOUT")
    return timedelta(seconds=float(seconds)) if seconds else STEP_TIMEOUT
