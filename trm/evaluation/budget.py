"""`Budget`: how long a task may learn at test time."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from trm.errors import UsageError, quoted

SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A limit for learning one puzzle at test time. A limit in steps gives the same answers on every machine speed.

    Attributes:
        seconds: time. Default: no limit.
        steps: training steps; 0 learns nothing. Default: chosen by the task.
    """

    seconds: float | None = None
    steps: int | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read a budget such as "30s", "10m", "1.5h" or "200steps".

        Raises:
            UsageError: the text has another form, or the time is zero.
        """
        match = _FORM.fullmatch(text.strip().lower())
        number, unit = match.groups() if match else ("", "")
        if unit in ("step", "steps") and number.isdigit():
            return cls(steps=int(number))
        seconds = float(number) * SECONDS[unit] if unit in SECONDS else 0.0
        if not 0 < seconds < math.inf:
            raise UsageError(
                f"{quoted(text)} is not a budget. Write a time such as 30s, 10m or 1h, or steps such as 200steps."
            )
        return cls(seconds=seconds)

    def __str__(self) -> str:
        parts = [f"{self.seconds:g}s"] if self.seconds is not None else []
        return " and ".join([*parts, *([f"{self.steps}steps"] if self.steps is not None else [])])
