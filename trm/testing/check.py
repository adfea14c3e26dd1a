"""The outcome of a check: a check is a function of a `Subject` that returns, fails or is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from trm.errors import TRMError
from trm.plugins.code import Blame, blame
from trm.plugins.registry import get_registry
from trm.specs import Reference

Verdict = Literal["passed", "failed", "skipped", "expected"]


class CheckFailure(AssertionError):
    """A task breaks the contract.

    Attributes:
        problem: one sentence that says what is wrong.
        cause: one sentence that gives the most likely cause.
        place: the line of the plugin that raised an error, if an error is the problem.
    """

    def __init__(self, problem: str, cause: str, place: Blame | None = None) -> None:
        super().__init__(f"{problem} {cause}")
        self.problem, self.cause, self.place = problem, cause, place


class CheckSkipped(Exception):
    """The check does not apply to the task."""


class Blocked(CheckSkipped):
    """Another check must pass first.

    Attributes:
        prerequisite: the check that failed.
    """

    def __init__(self, prerequisite: str) -> None:
        super().__init__(f"depends on {prerequisite}, which failed")
        self.prerequisite = prerequisite


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        check: the name of the check.
        verdict: "expected" is a failure that the task declares in `expected_failures`.
        problem: what is wrong, why the check was skipped, or the declared reason.
        cause: the most likely cause.
        file: the plugin's file that raised an error, if an error is the problem.
        line: the line in that file.
        seconds: how long the check took, with the checks that it depends on if they had not run before.
    """

    check: str
    verdict: Verdict
    problem: str = ""
    cause: str = ""
    file: str | None = None
    line: int | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.verdict != "failed"


def require(condition: object, problem: str, cause: str) -> None:
    """Fail unless the condition holds.

    Raises:
        CheckFailure: it does not hold.
    """
    if not condition:
        raise CheckFailure(problem, cause)


def failure(what: Reference, error: Exception) -> CheckFailure:
    """The failure for an error that code of the plugin raised, with the plugin's own line."""
    message = " ".join(str(error).split()).rstrip(".")
    raised = message if isinstance(error, TRMError) else f"{type(error).__name__}: {message}"
    place = blame(error, get_registry())
    cause = (
        f"The error comes from {place.place}."
        if place
        else "No line of the plugin was running: this may be a bug in trm."
    )
    return CheckFailure(f"{what} raised {raised}.", cause, place)


@contextmanager
def plugin_code(what: Reference) -> Iterator[None]:
    """Run code of the plugin; an error in it fails the check.

    Raises:
        CheckFailure: the code raised an error.
    """
    try:
        yield
    except (CheckFailure, CheckSkipped):
        raise
    except Exception as error:
        raise failure(what, error) from error
