"""The names of number types of matrix products."""

from __future__ import annotations

from typing import Any

import torch

from trm.devices.backend import Backend

NAMES: dict[Any, str] = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


def precision_of(backend: Backend, precision: str = "auto") -> str:
    """The number type that a device computes in, such as "fp32".

    Args:
        backend: the device.
        precision: what was asked for: "auto" (what the device does best), "fp32" or "bf16".
    """
    return precision if precision != "auto" else NAMES.get(backend.precision(), str(backend.precision()))
