"""Small helpers of the Python API."""

from __future__ import annotations

import random

import numpy as np
import torch

from trm.devices import get_backend


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def get_device(name: str = "auto") -> torch.device:
    """The torch device called `name`; "auto" takes the best one present."""
    return get_backend(name).device
