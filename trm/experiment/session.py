"""`Session`: the device, the processes and the display that a command or a notebook works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from trm.devices import Backend, get_backend
from trm.devices.processes import Processes
from trm.experiment.experiment import Experiment
from trm.progress import progress
from trm.training.monitor import Monitor


class Display:
    """How notes and a training are shown. This one shows nothing; the command line and notebooks have their own.

    Bars go to the current reporter of `trm.progress`.
    """

    def track(self, items: Sequence[Any], heading: str) -> Iterable[Any]:
        """Iterate over items and show progress."""
        with progress(heading[:1].upper() + heading[1:], len(items), "done") as advance:
            for item in items:
                yield item
                advance(1)

    def note(self, text: str) -> None:
        """Tell the user one sentence."""

    def monitor(self, experiment: Experiment) -> Monitor:
        """Give the monitor of a training."""
        return Monitor()


@dataclass(frozen=True)
class Session:
    """What a job runs on and how it shows itself.

    Attributes:
        backend: the device.
        processes: the processes that train together. Default: this one alone.
        display: shows progress. Default: nothing is shown.
    """

    backend: Backend
    processes: Processes = field(default_factory=Processes)
    display: Display = field(default_factory=Display)

    @property
    def cores(self) -> int:
        """CPU cores that compute; 1 for another device."""
        return torch.get_num_threads() if self.backend.device.type == "cpu" else 1

    @classmethod
    def open(cls, device: str = "auto", display: Display | None = None) -> Session:
        """A session of this process.

        Args:
            device: "auto", "cpu", "cuda", "cuda:1", "mps", or a plugin's device.
            display: shows progress. Default: nothing is shown.

        Raises:
            UsageError: the device does not exist or is not available.
        """
        return cls(get_backend(device), display=display or Display())
