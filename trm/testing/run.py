"""Running the checks, for `trm check-task` and for pytest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trm.errors import UsageError, nearest
from trm.plugins.registry import get_registry
from trm.testing import (
    contract_checks,
    data_checks,
    display_checks,
    metric_checks,
    symmetry_checks,
    training_checks,
)
from trm.testing.check import CheckFailure, CheckSkipped, Result, fail_with
from trm.testing.subject import Subject

CHECKS: dict[str, Callable[[Subject], None]] = {
    check.__name__: check
    for check in (
        contract_checks.light_import,
        contract_checks.references,
        contract_checks.config,
        contract_checks.description,
        contract_checks.presets,
        data_checks.data_arrays,
        data_checks.same_seed_same_data,
        data_checks.other_seed_other_data,
        data_checks.splits_disjoint,
        symmetry_checks.augmentation_changes,
        symmetry_checks.augmentation_inverts,
        symmetry_checks.augmentation_keeps_answers,
        metric_checks.metrics_score,
        metric_checks.metrics_merge,
        display_checks.renderers_fit,
        display_checks.renderers_pure,
        display_checks.renderers_mark_errors,
        display_checks.text_round_trip,
        display_checks.answer_rules,
        training_checks.pickles,
        training_checks.training_learns,
    )
}
"""Every check by name; the first line of its docstring says what it holds a task to."""


def check_task(task: str, only: Sequence[str] = ()) -> Iterator[Result]:
    """Run the checks on a task, one after the other.

    Args:
        task: an installed task's name.
        only: names of checks; left out, all of them.

    Raises:
        UsageError: there is no such task or no such check.
    """
    for name in only:
        if name not in CHECKS:
            raise UsageError(f"There is no check {name!r}. {nearest(name, CHECKS)}")
    declared = _declared(task)
    for name in only or CHECKS:
        started = time.perf_counter()
        result = _judged(name, declared.get(name), _run(name, task))
        yield Result(**{**result.__dict__, "seconds": time.perf_counter() - started})


def parametrize_with_checks(task: str) -> Callable[[Any], Any]:
    """A pytest decorator: the test's argument `check` is every check of `task` in turn, each with an id of its own.

    The checks that the task declares in `expected_failures` are expected to fail, strictly.
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
    """Run one check; the same task's parts are built once in a process.

    Raises:
        CheckFailure: the task does not pass.
        CheckSkipped: the task does not have what the check is about.
    """
    try:
        CHECKS[name](_subject(task))
    except (CheckFailure, CheckSkipped, UsageError):
        raise
    except Exception as error:
        fail_with(f"Check {name!r}", error)


@lru_cache(maxsize=4)
def _subject(task: str) -> Subject:
    return Subject(task)


def _declared(task: str) -> Mapping[str, str]:
    """The task's expected failures, checked to name checks."""
    declared = get_registry().task(task).expected_failures
    for name in declared:
        if name not in CHECKS:
            raise UsageError(f"expected_failures of task {task!r}: there is no check {name!r}. {nearest(name, CHECKS)}")
    return declared


def _run(name: str, task: str) -> Result:
    try:
        run_check(name, task)
    except CheckSkipped as reason:
        return Result(name, "skipped", str(reason))
    except CheckFailure as failure:
        return Result(name, "failed", failure.problem, failure.cause)
    return Result(name, "passed")


def _judged(name: str, reason: str | None, result: Result) -> Result:
    """The verdict in the light of what the task declares."""
    if reason is None:
        return result
    if result.verdict == "failed":
        return Result(name, "expected", reason)
    return Result(
        name,
        "failed",
        f"The task declares that it fails this check ({reason}), but it passes.",
        "Remove the check from the task's `expected_failures`.",
    )
