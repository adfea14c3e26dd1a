"""Solving puzzles given as text: by search over the model's answers, or by the task's own solver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import torch

from trm.data.batch import Batch
from trm.data.puzzle_set import IntArray
from trm.errors import CheckpointError, PuzzleError, UsageError
from trm.evaluation.options import SearchOptions
from trm.evaluation.requests import SolveRequest
from trm.evaluation.search import Search, probability, search
from trm.experiment.evaluator import refuse_search
from trm.experiment.loaded import LoadedModel
from trm.experiment.results import Solved
from trm.experiment.task import Task
from trm.runs.locate import locate


@dataclass(frozen=True)
class SourcedText:
    """Text with puzzles.

    Attributes:
        source: file that it was read from, "stdin", or empty for the command line.
        text: the text.
    """

    source: str
    text: str


def solve_texts(
    loaded: LoadedModel, texts: Sequence[SourcedText], options: SearchOptions, others: Sequence[str] = ()
) -> list[Solved]:
    """Solve the puzzles of some texts, in their order.

    Args:
        loaded: the weights.
        texts: the puzzles. They may have different sizes if the weights do not depend on the size.
        options: test-time compute.
        others: further weights, by reference, for the puzzles that `loaded` gives no valid answer to.

    Raises:
        UsageError: the task cannot read text, or has no use for an option.
        PuzzleError: a text has no puzzle, or a malformed or unsolvable one.
        CheckpointError: the weights do not fit the puzzles.
    """
    spec = loaded.task.spec
    if spec.solve is not None:
        refuse_search(loaded, options)
        return _by_the_task(loaded, texts, options)
    if not spec.reads_text:
        raise UsageError(f"Task {loaded.task.name!r} cannot read puzzles from text.")
    puzzles = [puzzle for text in texts for puzzle in _parsed(loaded.task, text)]
    if options.check is None:
        options = replace(options, check=spec.check is not None)
    solved = _by_search(loaded, puzzles, options)
    if options.check:
        for reference in others:
            solved = _try_again(loaded, reference, puzzles, solved, options)
    return solved


@dataclass(frozen=True)
class _SizedPuzzle:
    """A puzzle with its task, bound to the puzzle's size."""

    task: Task
    inputs: IntArray


def _parsed(task: Task, text: SourcedText) -> list[_SizedPuzzle]:
    try:
        sized = task.resized_for(text.text)
        return [_SizedPuzzle(sized, inputs) for inputs in sized.parse_solvable(text.text)]
    except PuzzleError as error:
        if text.source:
            raise PuzzleError(f"{text.source}: {error}") from None
        raise


def _by_search(loaded: LoadedModel, puzzles: Sequence[_SizedPuzzle], options: SearchOptions) -> list[Solved]:
    solved: list[Solved] = []
    for _, group in groupby(puzzles, key=lambda puzzle: puzzle.task.config):
        same_size = list(group)
        sized = loaded.with_task(same_size[0].task)
        plan = sized.experiment.search(sized.model.config, options)
        solved += _answers(sized, [puzzle.inputs for puzzle in same_size], plan)
    return solved


def _answers(loaded: LoadedModel, puzzles: Sequence[IntArray], plan: Search) -> Iterator[Solved]:
    inputs = torch.from_numpy(np.stack(puzzles).astype(np.int64))
    batch = Batch(inputs, inputs, torch.zeros(len(inputs), dtype=torch.long))
    found = search(loaded.model, batch, plan, loaded.session.backend)
    for row, puzzle in enumerate(puzzles):
        yield _solved(loaded.task, puzzle, found.predictions[row], float(found.halt_logits[row]), int(found.steps[row]))


def _solved(task: Task, inputs: IntArray, tokens: IntArray, halt_logit: float, steps: int) -> Solved:
    problem, confidence = task.check(inputs, tokens), round(probability(halt_logit), 4)
    as_text = task.format if task.spec.format else lambda row: row.tolist()
    report: dict[str, Any] = {
        "puzzle": as_text(inputs),
        "answer": as_text(tokens),
        "problem": problem,
        "confidence": confidence,
        "steps": steps,
    }
    return Solved(
        text=task.format(tokens),
        picture=task.renderer().render(inputs, tokens),
        problem=problem,
        valid=None if task.spec.check is None else problem is None,
        tokens=tokens,
        confidence=confidence,
        steps=steps,
        report=report,
    )


def _try_again(
    loaded: LoadedModel, reference: str, puzzles: Sequence[_SizedPuzzle], solved: list[Solved], options: SearchOptions
) -> list[Solved]:
    """Replace invalid answers by the valid ones of other weights."""
    failed = [row for row, answer in enumerate(solved) if answer.problem]
    if not failed:
        return solved
    other = replace(loaded, checkpoint=locate(reference, loaded.task.name))
    try:
        again = _by_search(other, [puzzles[row] for row in failed], options)
    except CheckpointError:  # weights of another size or vocabulary
        return solved
    better = {
        row: replace(answer, weights=reference, report={**answer.report, "weights": reference})
        for row, answer in zip(failed, again, strict=True)
        if not answer.problem
    }
    return [better.get(row, answer) for row, answer in enumerate(solved)]


def _by_the_task(loaded: LoadedModel, texts: Sequence[SourcedText], options: SearchOptions) -> list[Solved]:
    request = SolveRequest(
        data=loaded.experiment,
        training=loaded.experiment.training,
        model=loaded.model,
        backend=loaded.session.backend,
        steps=options.steps or loaded.steps,
        texts=[(text.source, text.text) for text in texts],
        votes=options.votes,
        progress=loaded.session.display.track,
    )
    return [
        Solved(text="", picture=solved.picture, problem=solved.problem, report=solved.report)
        for solved in loaded.task.solve(request)
    ]
