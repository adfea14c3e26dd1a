"""Rates: calls per second, and floating-point operations per second of a matrix product."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

BLOCK_SECONDS = 0.05
REPEATS = 5
SMALLEST_SIZE = 128
LARGEST_SIZE = 8192


def rate(
    call: Callable[[], object],
    seconds: float,
    wait: Callable[[], object] | None = None,
    *,
    least: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Calls per second.

    Args:
        call: what to call.
        seconds: how long to go on.
        wait: waits for an accelerator. Calls are queued in blocks of about 50 ms, so it does not slow them down.
        least: minimum number of calls.
        clock: the time in seconds.
    """
    started, calls, block, elapsed = clock(), 0, 1, 0.0
    while calls < least or elapsed < seconds:
        for _ in range(block):
            call()
        if wait is not None:
            wait()
        calls, elapsed = calls + block, clock() - started
        block = max(1, int(BLOCK_SECONDS * calls / elapsed)) if wait is not None else 1
    return calls / elapsed


def waiting_for(device: str | torch.device) -> Callable[[], object] | None:
    """What waits until a device has finished; None for the CPU, which has finished when a call returns."""
    if torch.device(device).type == "cpu":
        return None
    wait: Callable[[], object] = torch.get_device_module(device).synchronize
    return wait


def multiply_rate(
    seconds: float,
    size: int | None = None,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
) -> float:
    """Floating-point operations per second of a square matrix product, the best of five.

    Args:
        seconds: how long all five take.
        size: number of rows. Default: a power of two from 128 to 8192, as large as the time allows.
        device: where to compute.
        dtype: of the elements.

    Raises:
        RuntimeError, TypeError: the device cannot multiply matrices of this type.
    """
    wait = waiting_for(device)

    def product(size: int) -> Callable[[], object]:
        a, b = torch.randn(2, size, size, device=device).to(dtype)
        return lambda: torch.mm(a, b)

    if size is None:
        size = SMALLEST_SIZE
        # The next size takes eight times as long.
        while size < LARGEST_SIZE and 8 * 2 / rate(product(size), 0, wait) <= seconds / REPEATS:
            size *= 2
    call = product(size)
    return max(2 * size**3 * rate(call, seconds / REPEATS, wait) for _ in range(REPEATS))
