"""`BaseDataset`: a custom dataset of (input, target) pairs, for use without a plugin."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor
from torch.utils.data import Dataset


class BaseDataset(Dataset[tuple[Tensor, Tensor]], ABC):
    """Puzzles as pairs of long tensors ``(input [L], target [L])``. The target is -100 at positions that are not scored.

    Wrap it in a `torch.utils.data.DataLoader` and pass that to `trm.Trainer`.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of puzzles."""

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The puzzle at `index` and its answer, each ``[L]``."""

    @staticmethod
    @abstractmethod
    def get_vocab_size() -> int:
        """Vocabulary size V."""

    @staticmethod
    @abstractmethod
    def get_context_length() -> int:
        """Number of positions of a puzzle, L."""
