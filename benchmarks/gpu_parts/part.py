"""What a part of the benchmark is, and what is given to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CHECK, MEASUREMENT = "check", "measurement"


class Skipped(Exception):
    """Raised by a part that cannot run here. The message says why."""


@dataclass(frozen=True)
class Settings:
    """The settings of the whole benchmark.

    Attributes:
        device: such as "cuda" or "cuda:1"; "cpu" for a rehearsal.
        quick: use the smallest settings, and skip what starts further processes.
        official: a checkout of the paper's code; None for none.
        seconds: how long to measure each rate.
        rows: largest batch; None for the preset's own.
    """

    device: str
    quick: bool = False
    official: Path | None = None
    seconds: float = 1.5
    rows: int | None = None

    @property
    def kind(self) -> str:
        """The type of the device, such as "cuda"."""
        return self.device.partition(":")[0]

    def wait(self) -> None:
        """Wait until the device has done all its work."""
        import torch  # not at the top: the first process does without

        torch.get_device_module(self.kind).synchronize()


@dataclass(frozen=True)
class Work:
    """What a part is given.

    Attributes:
        settings: the settings.
        add: records a row of results. Rows are kept if the part fails or runs out of time later.
        deadline: when the part should be done, by `time.monotonic`.
    """

    settings: Settings
    add: Callable[[dict[str, Any]], None]
    deadline: float

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True)
class Part:
    """A check or a measurement.

    Attributes:
        name: its name in the report.
        kind: "check" or "measurement". A check that fails makes the benchmark fail.
        seconds: its share of a budget of 8.5 minutes.
        run: does it, and returns a sentence for the report. Raises `Skipped`, or any other exception if it fails.
    """

    name: str
    kind: Literal["check", "measurement"]
    seconds: float
    run: Callable[[Work], str]
