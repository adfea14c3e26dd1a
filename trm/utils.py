"""Small helpers for scripts."""

from __future__ import annotations

import torch

from trm.devices import get_backend
from trm.devices.seeding import set_seed

__all__ = ["get_device", "set_seed"]


def get_device(name: str = "auto") -> torch.device:
    """The torch device called `name`; "auto" takes the best one present."""
    return get_backend(name).device
