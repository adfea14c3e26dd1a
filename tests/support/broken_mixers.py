"""Mixers that each break the contract in one way, and a good one; `broken_plugins` registers them."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trm import TRMConfig
from trm.model.links import Links


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scale: float = Field(1.0, description="factor on the output")


class Tolerant(BaseModel):
    scale: float = Field(1.0, description="factor on the output")


class Undescribed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scale: float = 1.0


class Required(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scale: float = Field(description="factor on the output")


class Mean(nn.Module):
    """The mean over the positions, projected."""

    def __init__(self, config: TRMConfig, options: Any = None) -> None:
        super().__init__()
        self.project = nn.Linear(config.hidden_dim, config.hidden_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.project(x)
        return projected + x.mean(dim=1, keepdim=True)


class Raising(Mean):
    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("no such symbol")


class Pooling(Mean):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).mean(dim=1)


class Infinite(Mean):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 0.0


class Unused(Mean):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=1, keepdim=True).expand_as(x)


class Noisy(Mean):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.rand_like(x)


class BySymbol(Mean):
    def __init__(self, config: TRMConfig) -> None:
        super().__init__(config)
        self.weights = nn.Parameter(torch.arange(3.0)[:, None])

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.weights


class Sized(Mean):
    def __init__(self, config: TRMConfig) -> None:
        super().__init__(config)
        self.places = nn.Parameter(torch.zeros(config.context_length, 1))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.places


class FixedLength(Mean):
    def __init__(self, config: TRMConfig) -> None:
        super().__init__(config)
        self.length = config.context_length

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[:, : self.length]


class Padded(Mean):
    """Receives from padding, too."""

    def forward(self, x: Tensor, links: Links | None = None) -> Tensor:
        return super().forward(x)


class Linked(Padded):
    """Sums over all links, whatever they are."""

    def forward(self, x: Tensor, links: Links | None = None) -> Tensor:
        projected: Tensor = self.project(x)
        return projected if links is None else projected + links.weights.sum(1) @ x


class Ordered(Linked):
    def forward(self, x: Tensor, links: Links | None = None) -> Tensor:
        return super().forward(x, links) + torch.arange(x.shape[1])[:, None]


class Linkless(Padded):
    def forward(self, x: Tensor, links: Links | None = None) -> Tensor:
        projected: Tensor = self.project(x)
        return projected


def nothing(config: TRMConfig) -> None:
    return None
