"""The interface of device backends."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod

import torch


class Backend(ABC):
    """A device to compute on: whether it is available, and what it does best.

    Subclasses set `name` and implement `unavailable`. The other methods have defaults that work for any device that torch
    supports, including those of `torch.utils.rename_privateuse1_backend`.

    Args:
        index: which of several devices, from 0. Default: torch's current one.

    Attributes:
        name: what `--device` takes.
    """

    name: str

    def __init__(self, index: int | None = None) -> None:
        self.index = index

    @abstractmethod
    def unavailable(self) -> str | None:
        """The reason why the device cannot be used, in a few words; None if it can."""

    @property
    def device(self) -> torch.device:
        """The device for torch. Override it if `name` is not the name of a torch device type."""
        return torch.device(self.name) if self.index is None else torch.device(self.name, self.index)

    def precision(self) -> torch.dtype:
        """The number type of matrix products with `precision` "auto". Weights, losses and optimizers are always fp32."""
        return torch.float32

    def autocast(self, precision: str = "auto") -> contextlib.AbstractContextManager[object]:
        """The context in which the model runs.

        Args:
            precision: "auto" (what `precision()` returns), "fp32" or "bf16".
        """
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}.get(precision) or self.precision()
        if dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=dtype)

    def compiles(self) -> bool:
        """Whether `training.compile` "auto" compiles the network on this device."""
        return False

    def describe(self) -> str:
        """A description of the hardware for people."""
        return self.name

    def random_state(self) -> torch.Tensor | None:
        """The state of the device's own random generator; None if it uses the CPU's."""
        module = torch.get_device_module(self.device)
        if self.device.type == "cpu" or not hasattr(module, "get_rng_state"):
            return None
        state: torch.Tensor = module.get_rng_state(self.device)
        return state

    def set_random_state(self, state: torch.Tensor) -> None:
        """Restore what `random_state` returned."""
        torch.get_device_module(self.device).set_rng_state(state, self.device)

    def release_memory(self) -> None:
        """Return unused memory to the device, after it ran out of memory."""
        module = torch.get_device_module(self.device)
        if hasattr(module, "empty_cache"):
            module.empty_cache()
