"""An exponential moving average of the network's parameters; the puzzle vectors are not averaged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from trm.model import TinyRecursiveModel


class EMA:
    """``average = decay * average + (1 - decay) * parameter`` after each step, started from the parameters themselves."""

    def __init__(self, model: TinyRecursiveModel, decay: float, warmup: bool) -> None:
        self.model, self.decay, self.warmup = model, decay, warmup
        self.updates = 0
        chosen = {id(parameter) for parameter in model.network_parameters()}
        self.names = [name for name, parameter in model.named_parameters() if id(parameter) in chosen]
        self.average = {name: model.get_parameter(name).detach().clone() for name in self.names}

    @torch.no_grad()
    def update(self) -> None:
        """Add the current parameters to the average."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.warmup else self.decay
        self.updates += 1
        for name, average in self.average.items():
            average.mul_(decay).add_((1 - decay) * self.model.get_parameter(name))

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """A context in which the model has the averaged weights. Afterwards it has its own again."""
        own = {name: self.model.get_parameter(name).detach().clone() for name in self.names}
        self._copy(self.average)
        try:
            yield
        finally:
            self._copy(own)

    @torch.no_grad()
    def _copy(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self.model.get_parameter(name).copy_(value)
