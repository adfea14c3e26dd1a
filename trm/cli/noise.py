"""Whether the exact accuracies of rows of `trm compare` differ by more than noise, in sentences."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from trm.cli.rows import METRIC, Row
from trm.evaluation.intervals import Interval, of_mean_difference, of_share_difference


def noise_notes(rows: Sequence[Row]) -> list[str]:
    """Sentences on the rows of each task, and the rule that decides; none where fewer than two rows can be compared."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    notes = [note for task in tasks for note in _of_one_task([row for row in rows if row.task == task])]
    if len(tasks) > 1:
        named = ", ".join(task or "none" for task in tasks)
        notes.append(f"The runs are of different tasks ({named}); scores are compared within a task only.")
    return notes


def _of_one_task(rows: Sequence[Row]) -> list[str]:
    scored = [row for row in rows if row.scores(METRIC) and (row.puzzles or len(row.scores(METRIC)) > 1)]
    if len(scored) < 2:
        return []
    best = max(scored, key=_mean)
    within: list[Row] = []
    beyond: list[Row] = []
    rules = []
    for row in scored:
        if row is best:
            continue
        (low, high), rule = _difference(best, row)
        (within if low <= 0 <= high else beyond).append(row)
        rules.append(rule)
    notes = []
    if within:
        notes.append(f"Within noise of {_named(best)}, the best: {'; '.join(map(_named, within))}.")
    if beyond:
        notes.append(f"Worse than {_named(best)} by more than noise: {'; '.join(map(_named, beyond))}.")
    if len({frozenset(row.test_data) for row in scored if row.test_data}) > 1:
        notes.append("Not all of these runs were scored on the same test puzzles.")
    rules = list(dict.fromkeys(rules))
    return [*notes, f"A difference is within noise if its 95 % confidence interval contains 0 ({'; '.join(rules)})."]


def _difference(one: Row, other: Row) -> tuple[Interval, str]:
    """The interval of the difference of two rows, and how it was found."""
    values, others = one.scores(METRIC), other.scores(METRIC)
    if len(values) > 1 and len(others) > 1:
        return of_mean_difference(values, others), "several seeds: Welch's interval of the difference of the means"
    rule = "one seed: Newcombe's interval for the number of test puzzles, which ignores the spread between seeds"
    return of_share_difference(_hits(one), _hits(other)), rule


def _hits(row: Row) -> tuple[float, int]:
    """Solved and all test puzzles; of 1, the most cautious, where runs of a group were scored on different ones."""
    puzzles = row.puzzles or 1
    return _mean(row) * puzzles, puzzles


def _mean(row: Row) -> float:
    return statistics.fmean(row.scores(METRIC))


def _named(row: Row) -> str:
    return f"{row.name} ({_mean(row):.2%})"
