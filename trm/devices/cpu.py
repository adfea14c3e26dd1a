"""The processor: fp32, unless it multiplies bf16 in hardware."""

from __future__ import annotations

import platform

import torch

from trm.devices.backend import Backend
from trm.words import counted

KEPT = 31 << 20
"""Bytes of a block whose release makes glibc keep freed blocks up to this size. It does so for at most 32 MiB."""


class CPUBackend(Backend):
    """Without AMX or AVX512-BF16 units bf16 is emulated, about a hundred times slower than fp32; with them a training
    step of a small network takes half as long (`docs/explanation/recipes.md`).
    """

    name = "cpu"

    def __init__(self, index: int | None = None) -> None:
        super().__init__(index)
        keep_freed_memory()

    def unavailable(self) -> str | None:
        return None if not self.index else "there is only one cpu device"

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def precision(self) -> torch.dtype:
        return torch.bfloat16 if _has_bf16_units() else torch.float32

    def describe(self) -> str:
        name = platform.processor() or platform.machine()
        return f"{name}, {counted(torch.get_num_threads(), 'thread')}, {str(self.precision()).removeprefix('torch.')}"


def keep_freed_memory() -> None:
    """Make the C library keep freed blocks for the next tensors instead of returning them to the system.

    A page that was returned is faulted in and cleared again when the next tensor uses it, which takes a fifth to a third
    of the time of a small network. glibc raises its threshold for that to the size of the largest block freed so far
    (`mallopt(3)`, `M_MMAP_THRESHOLD`). The block is never written to, so it takes no memory. The backend does this where it is
    made; a process that trains a network without a backend has to do it itself.
    """
    torch.empty(KEPT, dtype=torch.uint8)


def _has_bf16_units() -> bool:
    """Whether the processor multiplies bf16 itself, by AMX or AVX512-BF16; an older torch that can't tell has fp32."""
    tests = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(test() for test in tests if test is not None)
