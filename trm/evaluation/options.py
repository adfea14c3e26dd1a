"""Test-time compute as a user asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from trm.config import AnswerChoice
from trm.errors import UsageError, quoted
from trm.evaluation.budget import Budget

RestartKind = Literal["noise", "pin"]


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How much to compute for an answer, and how to choose it. Every field has a default of its own.

    Attributes:
        steps: supervision steps of each try. Default: the number used in training.
        restarts: tries, the first as usual.
        search: how the further tries differ. "noise": they start from different initial states. "pin": each is given the
            value of one unknown position, guessed from the first try, until an answer is valid.
        votes: symmetric copies to vote over, the puzzle itself included. Default: 1, or what the task's own evaluator
            or solver chooses.
        answer: "last" for the last step's answer, "surest" for the most confident answer of all steps. Default: the
            training's `eval_answer`.
        check: whether to stop at an answer that is valid by the task's rules, and prefer it. Default: False when
            scoring; when solving, True if the task has rules.
        halt: end a try when the model's own probability that its answer is right reaches this number, above 0 and at
            most 1. Default: every try takes all its steps.
        budget: limit for learning each puzzle at test time, for tasks that do so. Default: chosen by the task.
        jobs: puzzles that are learned at once when scoring with a budget. Default: the number of cores.

    Raises:
        UsageError: a number is out of range, `answer` or `search` is neither of the two, or pinning has no further try.
    """

    steps: int | None = None
    restarts: int = 1
    search: RestartKind = "noise"
    votes: int | None = None
    answer: AnswerChoice | None = None
    check: bool | None = None
    halt: float | None = None
    budget: Budget | None = None
    jobs: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "restarts", "votes", "jobs"):
            value = getattr(self, name)
            required = name == "restarts" or value is not None
            if required and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise UsageError(f"{name} must be an integer of at least 1, got {quoted(value)}.")
        if self.halt is not None and not 0 < self.halt <= 1:
            raise UsageError(f"halt must be a probability above 0 and at most 1, got {quoted(self.halt)}.")
        if self.answer not in (None, *get_args(AnswerChoice)):
            raise UsageError(f"answer must be {' or '.join(get_args(AnswerChoice))}, got {quoted(self.answer)}.")
        if self.search not in get_args(RestartKind):
            raise UsageError(f"search must be {' or '.join(get_args(RestartKind))}, got {quoted(self.search)}.")
        if self.search == "pin" and self.restarts == 1:
            raise UsageError("Pinning is a way to try again: give a number of tries, such as --restarts 16.")


class SearchFields(TypedDict, total=False):
    """The fields of `SearchOptions` as keyword arguments."""

    steps: int | None
    restarts: int
    search: RestartKind
    votes: int | None
    answer: AnswerChoice | None
    check: bool | None
    halt: float | None
    budget: Budget | None
    jobs: int | None
