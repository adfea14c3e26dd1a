"""The sums behind a line of metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Window:
    """Sums since the last line of metrics; a part of the checkpoint, so that a resumed run writes the same lines."""

    steps: int = 0
    skipped: int = 0
    loss: float = 0.0
    right: int = 0
    finished: int = 0
    seconds: float = 0.0

    @property
    def mean_loss(self) -> float:
        """The mean loss of the steps that were not skipped; NaN if there are none."""
        counted = self.steps - self.skipped
        return self.loss / counted if counted else float("nan")
