"""Seeding the global random generators, and saving and restoring their states."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def generator_states() -> dict[str, Any]:
    """The states of Python's, NumPy's and torch's global generators, for JSON."""
    version, internal, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state()
    return {
        "python": [version, np.array(internal, np.uint32).tobytes().hex(), gauss],
        "numpy": [kind, np.asarray(keys, np.uint32).tobytes().hex(), *rest],
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
    }


def set_generator_states(states: dict[str, Any]) -> None:
    """Put the global generators back to where `generator_states` was called."""
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(_integers(internal)), gauss))
    kind, keys, position, *rest = states["numpy"]
    numbers = np.array(_integers(keys), np.uint32)
    if not 0 <= position <= len(numbers):  # numpy takes its word for it
        raise ValueError(f"NumPy's generator can't be at number {position}")
    np.random.set_state((kind, numbers, position, *rest))
    torch.set_rng_state(torch.frombuffer(bytearray.fromhex(states["torch"]), dtype=torch.uint8))


def _integers(text: str) -> list[int]:
    numbers: list[int] = np.frombuffer(bytes.fromhex(text), np.uint32).tolist()
    return numbers
