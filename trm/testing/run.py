"""Running the checks, for `trm check-task` and for pytest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from trm.errors import UsageError, nearest
from trm.plugins.registry import get_registry
from trm.testing import (
    board_checks,
    contract_checks,
    data_checks,
    display_checks,
    metric_checks,
    mixer_checks,
    split_checks,
    symmetry_checks,
    text_checks,
    training_checks,
)
from trm.testing.check import Blocked, CheckFailure, CheckSkipped, Result, failure
from trm.testing.subject import Subject

_CHECKS: tuple[tuple[Callable[[Subject], None], tuple[str, ...]], ...] = (
    (contract_checks.light_import, ()),
    (contract_checks.references, ()),
    (contract_checks.config, ()),
    (contract_checks.description, ("config",)),
    (contract_checks.presets, ("references", "description")),
    (data_checks.data_arrays, ("description",)),
    (data_checks.structure_used, ("data_arrays",)),
    (data_checks.same_seed_same_data, ("data_arrays",)),
    (data_checks.other_seed_other_data, ("data_arrays",)),
    (metric_checks.metrics_score, ("data_arrays",)),
    (metric_checks.metrics_merge, ("metrics_score",)),
    (text_checks.answer_rules, ("data_arrays",)),
    (text_checks.text_round_trip, ("data_arrays",)),
    (symmetry_checks.augmentation_changes, ("data_arrays",)),
    (symmetry_checks.augmentation_inverts, ("augmentation_changes",)),
    (symmetry_checks.augmentation_keeps_answers, ("augmentation_inverts", "metrics_score", "answer_rules")),
    (split_checks.splits_disjoint, ("augmentation_keeps_answers",)),
    (display_checks.renderers_fit, ("data_arrays",)),
    (display_checks.renderers_pure, ("renderers_fit",)),
    (display_checks.renderers_mark_errors, ("renderers_pure",)),
    (board_checks.board_fits, ("data_arrays",)),
    (board_checks.board_accepts_answers, ("board_fits",)),
    (mixer_checks.mixers, ()),
    (training_checks.pickles, ("augmentation_changes", "metrics_score", "renderers_fit")),
    (training_checks.training_learns, ("data_arrays", "presets")),
)
"""Every check with those that must pass first, so that one cause gives one failure."""

CHECKS = {check.__name__: check for check, _ in _CHECKS}
"""Every check by name. The first line of its docstring states the requirement."""

PREREQUISITES = {check.__name__: needed for check, needed in _CHECKS}

_Outcome = CheckFailure | CheckSkipped | None


def check_task(task: str, only: Sequence[str] = ()) -> Iterator[Result]:
    """Run the checks on a task, one after the other.

    A check is skipped if one that it depends on failed.

    Args:
        task: the name of an installed task.
        only: names of checks. Default: all.

    Raises:
        UsageError: there is no such task or no such check.
    """
    for name in only:
        if name not in CHECKS:
            raise UsageError(f"There is no check {name!r}. {nearest(name, CHECKS)}")
    declared = _declared(task)
    for name in only or CHECKS:
        started = time.perf_counter()
        result = _judged(name, declared.get(name), _outcome(name, _subject(task)))
        yield replace(result, seconds=time.perf_counter() - started)


def parametrize_with_checks(task: str) -> Callable[[Any], Any]:
    """A pytest decorator that runs a test once for each check of `task`, passed as its argument `check`.

    Checks that the task declares in `expected_failures` are marked as strict expected failures.
    """
    import pytest

    declared = _declared(task)
    cases = [
        pytest.param(
            Check(task, name),
            id=f"{task}-{name}",
            marks=[pytest.mark.xfail(reason=declared[name], raises=CheckFailure, strict=True)]
            if name in declared
            else [],
        )
        for name in CHECKS
    ]
    return pytest.mark.parametrize("check", cases)


@dataclass(frozen=True)
class Check:
    """One check of one task, for pytest: call it."""

    task: str
    name: str

    def __call__(self) -> None:
        import pytest

        try:
            run_check(self.name, self.task)
        except CheckSkipped as reason:
            pytest.skip(str(reason))


def run_check(name: str, task: str) -> None:
    """Run one check, after those that it depends on. A process runs each check of a task once.

    Raises:
        CheckFailure: the task does not pass.
        CheckSkipped: the check does not apply to the task, or one that it depends on failed.
    """
    outcome = _outcome(name, _subject(task))
    if outcome is not None:
        raise outcome


@lru_cache(maxsize=4)
def _subject(task: str) -> Subject:
    return Subject(task)


def _outcome(name: str, subject: Subject) -> _Outcome:
    if name not in subject.outcomes:
        subject.outcomes[name] = _blocked(name, subject) or _run(name, subject)
    return subject.outcomes[name]


def _blocked(name: str, subject: Subject) -> Blocked | None:
    """The check that keeps this one from running: the first in the chain that failed unexpectedly."""
    for needed in PREREQUISITES[name]:
        outcome = _outcome(needed, subject)
        if isinstance(outcome, Blocked):
            return Blocked(outcome.prerequisite)
        if isinstance(outcome, CheckFailure) and needed not in subject.spec.expected_failures:
            return Blocked(needed)
    return None


def _run(name: str, subject: Subject) -> _Outcome:
    try:
        CHECKS[name](subject)
    except (CheckFailure, CheckSkipped) as outcome:
        return outcome
    except Exception as error:
        return failure(f"Check {name!r}", error)
    return None


def _declared(task: str) -> Mapping[str, str]:
    """The task's expected failures, each the name of a check."""
    declared = get_registry().task(task).expected_failures
    for name in declared:
        if name not in CHECKS:
            raise UsageError(f"expected_failures of task {task!r}: there is no check {name!r}. {nearest(name, CHECKS)}")
    return declared


def _judged(name: str, reason: str | None, outcome: _Outcome) -> Result:
    """The verdict, given the reason for which the task declares a failure."""
    if isinstance(outcome, CheckSkipped):
        return Result(name, "skipped", str(outcome))
    if outcome is None and reason is None:
        return Result(name, "passed")
    if outcome is None:
        problem = f"The task declares that it fails this check ({reason}), but it passes."
        return Result(name, "failed", problem, "Remove the check from the task's `expected_failures`.")
    if reason is not None:
        return Result(name, "expected", reason)
    file, line = (outcome.place.file, outcome.place.line) if outcome.place else (None, None)
    return Result(name, "failed", outcome.problem, outcome.cause, file, line)
