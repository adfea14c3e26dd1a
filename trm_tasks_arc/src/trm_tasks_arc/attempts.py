"""Two attempts at a task on a budget: what is known so far, while a network learns the task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING

from trm_tasks_arc.grids import Grid
from trm_tasks_arc.pairs import Task

if TYPE_CHECKING:
    from trm_tasks_arc.committee import Member


@dataclass(frozen=True)
class Standing:
    """The answers so far.

    Attributes:
        seconds: processor time since the start.
        steps: training steps since the start.
        ranked: for each test input, the answers with their shares of the votes, most likely first.
    """

    seconds: float
    steps: int
    ranked: list[list[tuple[Grid, float]]]


def standings(
    task: Task,
    *,
    budget_seconds: float,
    seed: int = 0,
    max_steps: int | None = None,
    interval: float = 1.0,
    members: Sequence[Member] | None = None,
) -> Iterator[Standing]:
    """Learn a task from its demonstrations, and yield the standing at intervals and at the end of the budget.

    The caller may stop earlier. The outputs of test pairs are not looked at. With the same seed and thread count, the answers
    after a given number of steps are the same on the same machine; how many steps fit into a budget varies.

    Args:
        task: the task.
        budget_seconds: processor time to spend. At least one answer is given, even if it takes longer.
        seed: seed of the weights and of the order of demonstrations (default: 0).
        max_steps: steps after which to stop within the budget (default: no limit).
        interval: processor time between two standings (default: 1).
        members: how the networks start and learn (default: those that were best on the validation tasks).
    """
    from trm_tasks_arc.committee import MEMBERS, Committee

    start = process_time()
    committee = Committee(task, tuple(members or MEMBERS), seed=seed)
    following = interval
    while (spent := process_time() - start) < budget_seconds and committee.steps != max_steps:
        committee.step()
        if spent >= following and committee.steps >= committee.current.recipe.answer_every:
            yield Standing(spent, committee.steps, committee.ranked())
            following = spent + interval
    committee.answer()
    yield Standing(process_time() - start, committee.steps, committee.ranked())
