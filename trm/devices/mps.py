"""Apple GPUs."""

from __future__ import annotations

import torch

from trm.devices.backend import Backend


class MPSBackend(Backend):
    """fp32: fp16 would need a scaled loss."""

    name = "mps"

    def unavailable(self) -> str | None:
        if not torch.backends.mps.is_available():
            return "torch finds no Apple GPU"
        return None

    def random_state(self) -> torch.Tensor:
        return torch.mps.get_rng_state()

    def set_random_state(self, state: torch.Tensor) -> None:
        torch.mps.set_rng_state(state)
