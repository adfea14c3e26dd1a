"""How the CPU backend treats freed memory."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

MAPPED = """
import ctypes, sys, torch
from trm.devices.cpu import CPUBackend

class Mallinfo(ctypes.Structure):
    _fields_ = [(f"field{number}", ctypes.c_int) for number in range(10)]

mallinfo = ctypes.CDLL(None).mallinfo
mallinfo.restype = Mallinfo
CPUBackend()
before = mallinfo().field3
tensor = torch.empty(16 << 20, dtype=torch.uint8)
print(mallinfo().field3 - before)
"""
"""Prints how many blocks glibc maps from the system, and would return to it, for a tensor of 16 MiB."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own behaviour")
def test_freed_memory_is_kept_for_the_next_tensors() -> None:
    # A process of its own, since any large tensor freed earlier in this one would hide a failure.
    run = subprocess.run([sys.executable, "-c", MAPPED], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "0"
