"""What test-time learning gave for each task, and its scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.grids import Grid, as_grid
from trm_tasks_arc.judging import mode_of
from trm_tasks_arc.pairs import Pair, Task, Tasks
from trm_tasks_arc.scoring import ATTEMPTS, NO_ANSWER

LATE = 1.1
"""Answers count if they were there by the end of the budget, and a tenth of it for the last step and answer."""

POINTS = (1, 2, 5)
"""Times on the curve of the score, with their multiples by powers of ten."""


@dataclass(frozen=True)
class Moment:
    """The attempts at a time.

    Attributes:
        seconds: processor time since the start.
        steps: training steps since the start.
        attempts: for each test input, up to two answers as rows of colours.
        shares: their shares of the votes.
    """

    seconds: float
    steps: int
    attempts: list[list[list[list[int]]]]
    shares: list[list[float]]

    @classmethod
    def of(cls, standing: Standing) -> Moment:
        """Keep the leading answers of a standing."""
        leading = [ranked[:ATTEMPTS] for ranked in standing.ranked]
        grids = [[grid.tolist() for grid, _ in ranked] for ranked in leading]
        shares = [[round(share, 4) for _, share in ranked] for ranked in leading]
        return cls(round(standing.seconds, 3), standing.steps, grids, shares)


@dataclass(frozen=True)
class Outcome:
    """How a task went.

    Attributes:
        task: its id.
        status: "answered", "timeout" or "too large".
        seconds: processor time spent on it.
        steps: training steps.
        moments: the attempts each time they changed, in order. Those that came too late are left out.
    """

    task: str
    status: str
    seconds: float = 0.0
    steps: int = 0
    moments: tuple[Moment, ...] = ()

    @classmethod
    def of(cls, task: str, standings: Iterable[Standing], limit: float | None) -> Outcome:
        """Follow the standings of a task; `limit` is its time in seconds, if it has one."""
        moments: list[Moment] = []
        moment = None
        for standing in standings:
            moment = Moment.of(standing)
            in_time = limit is None or standing.seconds <= limit * LATE
            if in_time and (not moments or moment.attempts != moments[-1].attempts):
                moments.append(moment)
        assert moment is not None
        return cls(task, "answered" if moments else "timeout", moment.seconds, moment.steps, tuple(moments))

    @classmethod
    def from_json(cls, content: Any) -> Outcome | None:
        """Read what `as_json` wrote; None if it is something else."""
        try:
            moments = tuple(Moment(**moment) for moment in content["moments"])
            outcome = cls(**{**content, "moments": moments})
            for moment in moments:
                for grid in (grid for grids in moment.attempts for grid in grids):
                    as_grid(grid, empty=True)
        except Exception:  # a damaged outcome is learned again
            return None
        return outcome

    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON document."""
        return asdict(self)

    def attempts(self, number: int, by: float | None = None) -> list[Grid]:
        """The answers to a test input, counted from 0, at a time in seconds (default: the end)."""
        moments = [moment for moment in self.moments if by is None or moment.seconds <= by]
        if not moments or number >= len(moments[-1].attempts):
            return []
        return [as_grid(grid, empty=True) for grid in moments[-1].attempts[number]]


@dataclass(frozen=True)
class Results:
    """The outcomes of all tasks.

    Attributes:
        tasks: by id, with solutions as far as they are known.
        outcomes: by id.
    """

    tasks: Tasks
    outcomes: Mapping[str, Outcome]

    @property
    def known(self) -> list[Task]:
        """The tasks whose solutions are all known."""
        return [task for task in self.tasks.values() if task.solved]

    def share(self, task: Task, attempts: int, by: float | None = None) -> float:
        """The share of a task's test inputs that are solved with a number of attempts."""
        outcome = self.outcomes[task.id]
        right = [_has(outcome.attempts(number, by)[:attempts], pair) for number, pair in enumerate(task.test)]
        return sum(right) / len(right)

    def score(self, attempts: int, by: float | None = None) -> float:
        """`pass@attempts`: the mean share over the tasks with solutions, of which there must be some."""
        return sum(self.share(task, attempts, by) for task in self.known) / len(self.known)

    def failure(self, task: Task, number: int) -> str | None:
        """What is wrong with the answers to a test input, see `mode_of`; None if one is right or the solution unknown."""
        outcome, solution = self.outcomes[task.id], task.test[number].output
        if solution is None:
            return None
        return mode_of(outcome.attempts(number), solution) if outcome.status == "answered" else outcome.status

    def failures(self) -> dict[str, int]:
        """The number of test inputs by what is wrong with their answers, most frequent first."""
        modes = (self.failure(task, number) for task in self.known for number in range(len(task.test)))
        return dict(Counter(mode for mode in modes if mode).most_common())

    def curve(self) -> list[dict[str, float]]:
        """The scores if each task had been stopped after some seconds, and what that would have cost in all."""
        times = [outcome.seconds for outcome in self.outcomes.values()]
        grid = (float(np.round(point * 10.0**power, 6)) for power in range(-2, 6) for point in POINTS)
        limits = [limit for limit in grid if limit < max(times)] + [max(times)]
        return [
            {
                "seconds_per_task": round(limit, 3),
                "cpu_seconds": round(sum(min(limit, seconds) for seconds in times), 3),
                **{f"pass@{k}": self.score(k, limit) for k in range(1, ATTEMPTS + 1)},
            }
            for limit in limits
        ]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each task, for a table."""
        return [self._row(task) for task in self.tasks.values()]

    def submission(self) -> dict[str, list[dict[str, list[list[int]]]]]:
        """The attempts in the form of Kaggle's `submission.json`, see `Ballot.submission`."""
        return {
            task.id: [_filled(self.outcomes[task.id].attempts(number)) for number in range(len(task.test))]
            for task in self.tasks.values()
        }

    def _row(self, task: Task) -> dict[str, Any]:
        outcome = self.outcomes[task.id]
        failures = [self.failure(task, number) for number in range(len(task.test))]
        return {
            "task": task.id,
            **{f"solved@{k}": round(self.share(task, k), 4) if task.solved else "" for k in range(1, ATTEMPTS + 1)},
            "seconds": outcome.seconds,
            "steps": outcome.steps,
            "largest_side": task.largest_side,
            "demonstrations": len(task.train),
            "test_inputs": len(task.test),
            "attempts": sum(len(outcome.attempts(number)) for number in range(len(task.test))),
            "status": outcome.status,
            "failure": "; ".join(dict.fromkeys(failure for failure in failures if failure)),
        }


def _has(grids: Iterable[Grid], pair: Pair) -> bool:
    return pair.output is not None and any(np.array_equal(grid, pair.output) for grid in grids)


def _filled(attempts: list[Grid]) -> dict[str, list[list[int]]]:
    best = [grid.tolist() or NO_ANSWER for grid in attempts] or [NO_ANSWER]
    best += [best[0]] * (ATTEMPTS - len(best))
    return {f"attempt_{number}": grid for number, grid in enumerate(best, start=1)}
