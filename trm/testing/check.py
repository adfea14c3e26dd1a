"""What a check of the conformance kit is: a function of a `Subject` that returns, fails or is skipped."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from trm.errors import TRMError

Verdict = Literal["passed", "failed", "skipped", "expected"]


class CheckFailure(AssertionError):
    """A task breaks the contract.

    Attributes:
        problem: one sentence that says what is wrong.
        cause: one sentence that says what most likely causes it.
    """

    def __init__(self, problem: str, cause: str) -> None:
        super().__init__(f"{problem} {cause}")
        self.problem, self.cause = problem, cause


class CheckSkipped(Exception):
    """The task does not have what the check is about."""


@dataclass(frozen=True)
class Result:
    """What a check found. A verdict "expected" is a failure that the task declares, with the reason."""

    check: str
    verdict: Verdict
    problem: str = ""
    cause: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.verdict != "failed"


def require(condition: object, problem: str, cause: str) -> None:
    """Fail unless the condition holds."""
    if not condition:
        raise CheckFailure(problem, cause)


def fail_with(what: str, error: Exception) -> NoReturn:
    """Fail because the plugin's code raised an error where it must not."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    message = " ".join(str(error).split()).rstrip(".")
    raised = message if isinstance(error, TRMError) else f"{type(error).__name__}: {message}"
    raise CheckFailure(
        f"{what} raised {raised}.",
        f"The error comes from line {place.lineno} of {Path(place.filename).name}; --debug shows the whole traceback.",
    ) from error
