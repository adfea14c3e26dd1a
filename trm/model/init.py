"""Initialization: a truncated normal whose distribution after the truncation has the given standard deviation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def truncated_normal_(tensor: Tensor, std: float, cut: float = 2.0) -> Tensor:
    """Fill with a normal distribution, truncated at `cut` sigma and rescaled to the standard deviation `std`.

    `torch.nn.init.trunc_normal_` does not correct for the variance that the truncation removes. The paper's code and
    JAX's `truncated_normal` initializer do.
    """
    if tensor.is_meta:  # nothing to fill; torch's function would import its compiler first
        return tensor
    density = math.exp(-0.5 * cut * cut) / math.sqrt(2 * math.pi)
    mass = math.erf(cut / math.sqrt(2))
    kept_variance = 1 - 2 * cut * density / mass
    sigma = std / math.sqrt(kept_variance)
    with torch.no_grad():
        return nn.init.trunc_normal_(tensor, std=sigma, a=-cut * sigma, b=cut * sigma)


class Linear(nn.Linear):
    """`nn.Linear`, by default without bias, initialized with standard deviation ``1/sqrt(fan_in)``."""

    def __init__(self, in_features: int, out_features: int, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)

    def reset_parameters(self) -> None:
        truncated_normal_(self.weight, std=self.in_features**-0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
