"""`BaseDataset`: a custom data set of (input, target) pairs, for use without a plugin."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor
from torch.utils.data import Dataset


class BaseDataset(Dataset[tuple[Tensor, Tensor]], ABC):
    """Puzzles as pairs of long tensors ``(input [L], target [L])``; target -100 where a position is not scored.

    Wrap it in a `torch.utils.data.DataLoader` and give that to `trm.Trainer`.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of puzzles."""

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The puzzle at `index` and its answer."""

    @staticmethod
    @abstractmethod
    def get_vocab_size() -> int:
        """Number of tokens."""

    @staticmethod
    @abstractmethod
    def get_context_length() -> int:
        """Positions of a puzzle, L."""
