"""The metric of the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm.evaluation import Share
from trm_tasks_arithmetic.sheet import ANSWER, rows_of


class DigitAccuracy(Share):
    """Fraction of correct digits in the answers, including leading zeros, without signs and operands."""

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        labels, predictions = (rows_of(batch[name])[:, ANSWER, 1:] for name in ("labels", "predictions"))
        return int((predictions == labels).sum()), labels.size
