"""Apple GPUs."""

from __future__ import annotations

import torch

from trm.devices.backend import Backend


class MPSBackend(Backend):
    """fp32: fp16 would need a scaled loss, and float64 does not exist there (see `trm.model.losses.exact_dtype`)."""

    name = "mps"

    def unavailable(self) -> str | None:
        if not torch.backends.mps.is_available():
            return "torch finds no Apple GPU"
        return None
