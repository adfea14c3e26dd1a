"""The recursion: cycles of latent updates, of which only the last has gradients (paper, section 4 and figure 3)."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.model.context import Context
from trm.model.layers import Stack

Item = TypeVar("Item")


class State(NamedTuple):
    """The state that is carried from one supervision step to the next.

    Attributes:
        answer: y, ``[B, P+L, D]``, or ``[B, L, S, D]`` with one vector per interchangeable token.
        latent: z, of the same shape.
    """

    answer: Tensor
    latent: Tensor

    def detach(self) -> State:
        """The same state without its gradient history."""
        return State(self.answer.detach(), self.latent.detach())

    def rows(self, rows: Tensor | slice) -> State:
        """The state of some rows of the batch.

        Args:
            rows: a slice, a mask ``[B]``, or indices.
        """
        return State(self.answer[rows], self.latent[rows])


def last(items: Iterable[Item]) -> Item:
    """The last of at least one item. Earlier items are freed as soon as the next one is there."""
    return collections.deque(items, maxlen=1).pop()


class TRMCore(nn.Module):
    """One network for both updates: ``z = net(z, y + x)`` n times, then ``y = net(y, z)``."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.net = Stack(config)
        self.n_recursions, self.T_steps = config.n_recursions, config.T_steps

    @property
    def stacks(self) -> tuple[Stack, Stack]:
        """The network that updates the latent, and the one that updates the answer: here the same."""
        return self.net, self.net

    def cycle(self, x: Tensor, state: State, context: Context) -> State:
        """One cycle."""
        y, z = state
        for _ in range(self.n_recursions):
            z = self.net(z, y + x, context)
        return State(self.net(y, z, context), z)

    def cycles(self, x: Tensor, state: State, context: Context) -> Iterator[State]:
        """The state after each of the T cycles of a supervision step; only the last has gradients."""
        for _ in range(self.T_steps - 1):
            with torch.no_grad():  # closed before the yield: the consumer's code runs in the consumer's own mode
                state = self.cycle(x, state, context)
            yield state
        yield self.cycle(x, state, context)


class HRMCore(nn.Module):
    """The baseline (arXiv:2506.21734): two stacks, with gradients through the last call of each only."""

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.low = Stack(config)
        self.high = Stack(config, config.num_layers_high)
        self.n_recursions, self.T_steps = config.n_recursions, config.T_steps

    @property
    def stacks(self) -> tuple[Stack, Stack]:
        """The network that updates the latent, and the one that updates the answer."""
        return self.low, self.high

    def cycles(self, x: Tensor, state: State, context: Context) -> Iterator[State]:
        """The state after each high-level update; only the very last call of each stack has gradients."""
        high, low = state
        for cycle in range(self.T_steps):
            last = cycle == self.T_steps - 1
            with torch.no_grad():
                for _ in range(self.n_recursions - last):
                    low = self.low(low, high + x, context)
                if not last:
                    high = self.high(high, low, context)
            if last:
                low = self.low(low, high + x, context)
                high = self.high(high, low, context)
            yield State(high, low)
