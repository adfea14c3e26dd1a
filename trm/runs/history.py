"""Reading a run's metrics and summary, for plots and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm.config import RunConfig
from trm.errors import CheckpointError, quoted, reason
from trm.runs.checkpoint_folder import read_run_config
from trm.storage.untrusted_input import as_number, parse_json, read_json, read_text

AXES = {"steps": "step", "time": "seconds", "epochs": "epoch"}
"""The horizontal axes of a curve, and their names in `metrics.jsonl`."""


@dataclass(frozen=True)
class History:
    """A run's settings and the lines of its `metrics.jsonl`.

    Attributes:
        path: the run folder.
        config: its settings.
        records: one mapping per line; lines of evaluations have a `test`.
        summary: `summary.json`; None for an unfinished run.
    """

    path: Path
    config: RunConfig
    records: list[dict[str, Any]]
    summary: dict[str, Any] | None

    def curve(self, metric: str, axis: str = "steps") -> list[tuple[float, float]]:
        """The points of a curve: a metric of the evaluations, or a number of the training lines."""
        key = AXES[axis]
        values = [(record[key], as_number(record.get("test", record).get(metric))) for record in self.records]
        return [(float(x), y) for x, y in values if y is not None]

    def metrics(self) -> list[str]:
        """The names of the quantities that have a curve."""
        names = [name for record in self.records for name in record.get("test", record)]
        return [name for name in dict.fromkeys(names) if name not in (*AXES.values(), "progress")]

    def last_scores(self) -> dict[str, float]:
        """The final scores or, in an unfinished run, the scores of the last evaluation; empty without any."""
        if self.summary and self.summary.get("final_metrics"):
            return dict(self.summary["final_metrics"])
        tests = [record["test"] for record in self.records if "test" in record]
        return tests[-1] if tests else {}

    def intervals(self) -> dict[str, tuple[float, float]]:
        """The recorded 95 % confidence intervals of the final scores that are shares of the test puzzles, by name."""
        recorded = (self.summary or {}).get("intervals")
        if not isinstance(recorded, dict):  # a run of an earlier version has none
            return {}
        pairs = {name: [as_number(end) for end in ends] for name, ends in recorded.items() if isinstance(ends, list)}
        return {
            name: (ends[0], ends[1])
            for name, ends in pairs.items()
            if len(ends) == 2 and ends[0] is not None and ends[1] is not None
        }

    def best(self, metric: str) -> float | None:
        """The highest value of a metric in any evaluation; None without one."""
        values = [y for _, y in self.curve(metric)] + [as_number(self.last_scores().get(metric))]
        return max((value for value in values if value is not None), default=None)

    def last(self, name: str) -> float | None:
        """The last `step`, `epoch` or `seconds`; None before the first line of metrics."""
        return as_number(self.records[-1][name]) if self.records else None


def read_history(path: Path) -> History:
    """Read a run folder, which may be in use by a training.

    Raises:
        CheckpointError: it is not a run folder, or a line is malformed.
    """
    config = read_run_config(path)
    return History(path, config, read_metrics(path / "metrics.jsonl"), _read_summary(path / "summary.json"))


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a `metrics.jsonl`, except an incomplete last one; a missing file has no lines.

    Raises:
        CheckpointError: a line is malformed.
    """
    try:
        lines = read_text(path).splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error
    if lines and not lines[-1].endswith("\n"):  # a training is writing it
        lines.pop()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(_checked(parse_json(line)))
        except ValueError as error:
            raise CheckpointError(f"{path}, line {number}: not a line of metrics ({reason(error)}).") from error
    return records


def training_seconds(folder: Path, step: int) -> float | None:
    """Seconds of training that a run had spent at `step`; None where its metrics do not say.

    Raises:
        CheckpointError: the metrics cannot be read.
    """
    seconds = [float(record["seconds"]) for record in read_metrics(folder / "metrics.jsonl") if record["step"] <= step]
    return seconds[-1] if seconds else None


def _checked(record: Any) -> dict[str, Any]:
    """Check that a line of metrics has a number for each axis; raise `ValueError` otherwise."""
    if not isinstance(record, dict) or not isinstance(record.get("test", {}), dict):
        raise ValueError("not a JSON object")
    for name in AXES.values():
        if as_number(record.get(name)) is None:
            raise ValueError(f"{name} is {quoted(record.get(name))}")
    return record


def _read_summary(path: Path) -> dict[str, Any] | None:
    try:
        summary = read_json(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error
    if not isinstance(summary, dict) or not isinstance(summary.get("final_metrics", {}), dict):
        raise CheckpointError(f"Cannot read {path}: it is not a summary of a run.")
    return summary
