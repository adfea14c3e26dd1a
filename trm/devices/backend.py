"""What a device backend must offer."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod

import torch


class Backend(ABC):
    """A device to compute on: whether it is there, which precision it computes in, and how it is named."""

    name: str

    def __init__(self, index: int | None = None) -> None:
        self.index = index

    @abstractmethod
    def unavailable(self) -> str | None:
        """Why the device can't be used here, in a few words; None where it can."""

    @property
    def device(self) -> torch.device:
        return torch.device(self.name) if self.index is None else torch.device(self.name, self.index)

    def precision(self) -> torch.dtype:
        """The type that matrices are multiplied in. Weights, losses and optimizers stay in fp32 everywhere."""
        return torch.float32

    def autocast(self, precision: str = "auto") -> contextlib.AbstractContextManager[object]:
        """The context in which the model runs: "auto" (the backend's own choice), "fp32" or "bf16"."""
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}.get(precision) or self.precision()
        if dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=dtype)

    def compiles(self) -> bool:
        """Whether compiling the network pays on this device."""
        return False

    def describe(self) -> str:
        """The hardware, for people."""
        return self.name
