"""Whether a training compiles its network."""

from __future__ import annotations

from trm.config import TrainingConfig
from trm.devices import Backend


def compiles(config: TrainingConfig, backend: Backend) -> bool:
    """Whether the settings ask for `torch.compile`: always, or if the device's backend does."""
    return config.compile == "on" or (config.compile == "auto" and backend.compiles())
