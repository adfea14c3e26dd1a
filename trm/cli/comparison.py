"""What `trm compare` shows: rows of runs or of seeds, the settings that differ, scores with intervals, and notes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trm.cli.noise import noise_notes
from trm.cli.rows import METRIC, Row, mean
from trm.cli.sheet import Column, duration, percent
from trm.runs.differences import differing, same_but_for_seed, setting_text, settings_of
from trm.runs.listing import Listed, names


@dataclass(frozen=True)
class Comparison:
    """The rows, and the names of the settings that are shown."""

    rows: Sequence[Row]
    shown: Sequence[str]
    runs: Sequence[Listed]

    @property
    def metrics(self) -> list[str]:
        """The names of all scores, the exact accuracy first."""
        known = (name for row in self.rows for history in row.histories for name in history.last_scores())
        return list(dict.fromkeys([METRIC, *known]))

    @cached_property
    def _shares(self) -> list[str]:
        """The scores that are shares of the puzzles, as far as the runs say."""
        return [name for name in self.metrics if name == METRIC or any(row.interval(name) for row in self.rows)]

    def columns(self) -> list[Column]:
        """The columns of the table."""
        several = any(len(row.runs) > 1 for row in self.rows)
        columns = [Column("run", [row.name for row in self.rows])]
        if several:
            columns.append(Column("runs", [str(len(row.runs)) for row in self.rows], number=True))
        columns += [Column(name, [_setting(row, name) for row in self.rows]) for name in self.shown]
        columns += [
            Column(name, [_score(row, name) for row in self.rows], number=True, needed=name == METRIC)
            for name in self.metrics
        ]
        if any(row.state != "finished" for row in self.rows):
            columns.append(Column("state", [row.state for row in self.rows]))
        more = {
            "time": [duration(row.last("seconds")) for row in self.rows],
            "steps": [_count(row.last("step")) for row in self.rows],
            f"best {METRIC}": [percent(row.best()) for row in self.rows],
            "parameters": [_count(row.parameters()) for row in self.rows],
        }
        return [*columns, *(Column(name, values, number=True, needed=False) for name, values in more.items())]

    def notes(self) -> list[str]:
        """Sentences below the table."""
        notes = [] if self.shown or len(self.runs) == 1 else ["The runs have the same settings."]
        return notes + noise_notes(self.rows)

    def records(self) -> list[dict[str, Any]]:
        """The rows as mappings of plain values, scores from 0 to 1."""
        return [self._record(row) for row in self.rows]

    def _record(self, row: Row) -> dict[str, Any]:
        record = {
            "run": ", ".join(str(run.path) for run in row.runs),
            "runs": len(row.runs),
            "state": row.state,
            **{name: row.settings.get(name) for name in self.shown},
        }
        for name in self.metrics:
            values = row.scores(name)
            record[name] = mean(values)
            if name in self._shares:
                low, high = row.interval(name) or (None, None)
                record |= {f"{name}_low": low, f"{name}_high": high}
            if len(row.runs) > 1:
                record[f"{name}_std"] = statistics.stdev(values) if len(values) > 1 else None
        return record | {
            f"best {METRIC}": row.best(),
            "test_puzzles": row.puzzles,
            "parameters": row.parameters(),
            **{name: row.last(name) for name in ("step", "epoch", "seconds")},
        }

    def as_json(self) -> dict[str, Any]:
        """Settings and results by run, in the order of `runs`, and the rows of the table with its notes."""
        single = [Row(str(run.path), (run,), settings_of(run.history.config, True)) for run in self.runs if run.history]
        return {
            "runs": [row.name for row in single],
            "settings": {name: [row.settings.get(name) for row in single] for name in self.shown},
            "results": {
                "state": [row.state for row in single],
                **{name: [mean(row.scores(name)) for row in single] for name in self.metrics},
                f"best {METRIC}": [row.best() for row in single],
                "parameters": [row.parameters() for row in single],
                **{name: [row.last(name) for row in single] for name in ("step", "epoch", "seconds")},
            },
            "rows": self.records(),
            "notes": self.notes(),
        }


def compare(runs: Sequence[Listed], *, show_all: bool = False, ungrouped: bool = False) -> Comparison:
    """Compare readable runs.

    Args:
        runs: the runs, each once.
        show_all: also show the settings that are equal, and versions.
        ungrouped: give each run a row, also where runs differ only in the seed.
    """
    settings = [settings_of(run.history.config, show_all) for run in runs if run.history]
    choices = [settings_of(run.history.config) for run in runs if run.history]
    folders = names([run.path for run in runs])
    groups = [[index] for index in range(len(runs))] if ungrouped else same_but_for_seed(choices)
    rows = [
        Row(
            _name([folders[index] for index in group]),
            tuple(runs[index] for index in group),
            _merged(group, settings),
        )
        for group in groups
    ]
    shown = list(dict.fromkeys(name for values in settings for name in values)) if show_all else differing(settings)
    return Comparison(rows, shown, runs)


def _name(folders: Sequence[str]) -> str:
    more = len(folders) - 2
    return ", ".join(folders[:2]) + (f", {more} more" if more > 0 else "")


def _merged(group: Sequence[int], settings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    first = settings[group[0]]
    if len(group) == 1:
        return first
    return {**first, "seed": ", ".join(str(settings[index].get("seed")) for index in group)}


def _setting(row: Row, name: str) -> str:
    return setting_text(row.settings[name]) if name in row.settings else "-"


def _score(row: Row, metric: str) -> str:
    """A score with its spread over seeds or, for a single run's share of the puzzles, with its interval."""
    values = row.scores(metric)
    if not values:
        return "-"
    if len(values) > 1:
        return f"{mean(values):.2%} ± {statistics.stdev(values):.2%}"
    interval = row.interval(metric)
    return percent(values[0]) + (f" [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]" if interval else "")


def _count(number: float | None) -> str:
    return "" if number is None else f"{number:,.0f}"
