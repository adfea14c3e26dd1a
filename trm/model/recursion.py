"""The recursion: cycles of latent updates, all but the last without gradient (paper, section 4 and figure 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.layers import Stack

Rotary = tuple[Tensor, Tensor] | None


class State(NamedTuple):
    """What is carried from one supervision step to the next."""

    answer: Tensor  # y: [B, P+L, D], relational with symbols: [B, L, S, D]
    latent: Tensor  # z: the same shape

    def detach(self) -> State:
        return State(self.answer.detach(), self.latent.detach())


class TRMCore(nn.Module):
    """One network for both updates: ``z = net(z, y + x)`` n times, then ``y = net(y, z)``."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.net = Stack(config)
        self.n_recursions, self.T_steps = config.n_recursions, config.T_steps

    def cycle(self, x: Tensor, state: State, rotary: Rotary) -> State:
        """One cycle."""
        y, z = state
        for _ in range(self.n_recursions):
            z = self.net(z, y + x, rotary)
        return State(self.net(y, z, rotary), z)

    def cycles(self, x: Tensor, state: State, rotary: Rotary) -> Iterator[State]:
        """The state after each of the T cycles of a supervision step; only the last carries gradients."""
        with torch.no_grad():
            for _ in range(self.T_steps - 1):
                state = self.cycle(x, state, rotary)
                yield state
        yield self.cycle(x, state, rotary)


class HRMCore(nn.Module):
    """The baseline (arXiv:2506.21734): two stacks, and gradients through the last call of each only."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.low = Stack(config)
        self.high = Stack(config, config.num_layers_high)
        self.n_recursions, self.T_steps = config.n_recursions, config.T_steps

    def cycles(self, x: Tensor, state: State, rotary: Rotary) -> Iterator[State]:
        """The state after each high-level update; only the very last call of each stack carries gradients."""
        high, low = state
        for cycle in range(self.T_steps):
            last = cycle == self.T_steps - 1
            with torch.no_grad():
                for _ in range(self.n_recursions - last):
                    low = self.low(low, high + x, rotary)
                if not last:
                    high = self.high(high, low, rotary)
            if last:
                low = self.low(low, high + x, rotary)
                high = self.high(high, low, rotary)
            yield State(high, low)
