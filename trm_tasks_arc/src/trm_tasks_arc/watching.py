"""`trm trace arc` and `trm demo arc`: the answers to one test input while networks learn its task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import RenderableType

from trm.evaluation import Frame, Puzzle, Refinement, UntrainedRequest
from trm_tasks_arc.committee import Committee, in_words
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.grids import VOCABULARY, Grid, encode
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.renderer import grid_panels
from trm_tasks_arc.sizes import predict_sizes
from trm_tasks_arc.solve import read_tasks
from trm_tasks_arc.tasks import load_source
from trm_tasks_arc.validation import VALIDATION

STEPS = 400
FRAMES = 20

SHOWN = VALIDATION[:24]
"""The tasks that are shown if none is named: the smaller half of those that no shipped weights are trained on."""


def refinements(request: UntrainedRequest) -> Iterator[Refinement]:
    """Yield how the first test input of each task in `request.texts`, or of some of `SHOWN`, is answered.

    The budget is a number of learning steps (default: 400); 20 answers on the way are shown.

    Raises:
        PuzzleError: a text is not a task.
    """
    assert isinstance(request.config, ArcConfig)
    tasks = (
        list(read_tasks(request.texts, request.config.side).values()) if request.texts else _some(request.limit or 1)
    )
    steps = (request.budget and request.budget.steps) or STEPS
    for task in tasks:
        if len(task.test) > 1:
            request.warn(f"Task {task.id} has {len(task.test)} test inputs. The first one is shown.")
        yield refinement(task, request.config, steps, request.seed)


def _some(count: int) -> list[Task]:
    tasks = load_source("arcagi1:training")
    places = np.unique(np.linspace(0, len(SHOWN) - 1, min(count, len(SHOWN))).round().astype(int))
    return [tasks[SHOWN[place]] for place in places]


def refinement(task: Task, config: ArcConfig, steps: int, seed: int) -> Refinement:
    """How the first test input of a task is answered, on the smallest canvas that holds input, solution and answers."""
    asked = task.test[0]
    size = predict_sizes(task.train, asked.input)[0][0]
    grids = [asked.input] if asked.output is None else [asked.input, asked.output]
    side = max(*size, *(max(grid.shape) for grid in grids))
    tokens = [encode(grid, side=side).astype(np.int64) for grid in grids]
    puzzle = Puzzle(tokens[0], tokens[1] if asked.output is not None else None)
    return Refinement(
        config=config.model_copy(update={"side": side}),
        puzzle=puzzle,
        frames=_frames(puzzle, side, _standings(task, steps, seed)),
        steps=steps,
        origin=f"Task {task.id}, learned from its demonstrations by {in_words()}, seed {seed}",
        given=_demonstrations(task),
    )


def _demonstrations(task: Task) -> RenderableType:
    grids = []
    for number, pair in enumerate(task.train, start=1):
        grids += [(f"input {number}", pair.input)]
        grids += [(f"output {number}", pair.output)] if pair.output is not None else []
    return grid_panels(grids)


@dataclass(frozen=True)
class _Moment:
    """The ranked answers to the first test input after some steps."""

    step: int
    ranked: Sequence[tuple[Grid, float]]


def _standings(task: Task, steps: int, seed: int) -> Iterator[_Moment]:
    committee = Committee(task, seed=seed)
    moments = set(np.linspace(0, steps, min(FRAMES, steps) + 1).round().astype(int)[1:].tolist())
    while committee.steps < steps:
        committee.step()
        if committee.steps in moments:
            committee.answer()
            yield _Moment(committee.steps, committee.ranked()[0])


def _frames(puzzle: Puzzle, side: int, moments: Iterator[_Moment]) -> Iterator[Frame]:
    previous = puzzle.inputs
    for moment in moments:
        answers = [encode(grid, side=side) for grid, _ in moment.ranked]
        probabilities = np.zeros((side * side, VOCABULARY), np.float32)
        for answer, (_, share) in zip(answers, moment.ranked, strict=True):
            probabilities[np.arange(side * side), answer] += share
        best = answers[0].astype(np.int64)
        yield Frame(
            step=moment.step,
            cycle=1,
            cycles=1,
            answer=best,
            changed=best != previous,
            wrong=None if puzzle.labels is None else best != puzzle.labels,
            probabilities=probabilities,
            halt=moment.ranked[0][1],
        )
        previous = best
