"""Test-time compute as a user asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from trm.config import AnswerChoice


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How much to compute for an answer, and how to choose it. Every field has a default of its own.

    Attributes:
        steps: supervision steps of each try. Default: the number used in training.
        restarts: tries from different initial states.
        votes: symmetric copies to vote over, the puzzle itself included. Default: 1, or what the task's own evaluator
            or solver chooses.
        answer: "last" for the last step's answer, "surest" for the most confident answer of all steps. Default: the
            training's `eval_answer`.
        check: whether to stop at an answer that is valid by the task's rules, and prefer it. Default: False when
            scoring; when solving, True if the task has rules.
    """

    steps: int | None = None
    restarts: int = 1
    votes: int | None = None
    answer: AnswerChoice | None = None
    check: bool | None = None


class SearchFields(TypedDict, total=False):
    """The fields of `SearchOptions` as keyword arguments."""

    steps: int | None
    restarts: int
    votes: int | None
    answer: AnswerChoice | None
    check: bool | None
