"""Solving puzzles given as text: by search over the model's answers, or by the task's own solver."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from trm.data.puzzle_set import IntArray
from trm.errors import CheckpointError, UsageError
from trm.evaluation.options import SearchOptions
from trm.evaluation.requests import SolvedPuzzle, SolveRequest
from trm.evaluation.row_pool import RowPool
from trm.evaluation.search import Found, probability
from trm.experiment.evaluator import refuse_budget, refuse_search
from trm.experiment.given import Given, SourcedText, given_rows, puzzles_to_solve
from trm.experiment.loaded import LoadedModel
from trm.experiment.results import Solved
from trm.experiment.task import Task
from trm.runs.locate import locate

AHEAD = 8192
"""Puzzles that are read before the oldest of them is answered, at most: easy ones overtake a hard one."""

BEHIND = 16
"""Times as many puzzles in the line as rows, from which on rows are computed even where not all are taken, so that answers
keep coming."""


def solve_texts(
    loaded: LoadedModel,
    texts: Sequence[SourcedText],
    options: SearchOptions,
    others: Sequence[str] = (),
    done: Iterable[str] = (),
) -> Iterator[Solved]:
    """Solve the puzzles of some texts. The answers come in the order of the puzzles, as soon as they are there.

    A bad puzzle among others gets a `Solved` that says what is wrong with it.

    Args:
        loaded: the weights.
        texts: the puzzles. They may have different sizes if the weights do not depend on the size.
        options: test-time compute.
        others: further weights, by reference, for the puzzles that `loaded` gives no valid answer to.
        done: the puzzles at the beginning that are solved already, as text. They are left out.

    Raises:
        UsageError: the task cannot read text, or has no use for an option, or `done` are other puzzles.
        PuzzleError: there is no puzzle, or every puzzle is malformed or unsolvable.
        CheckpointError: the weights do not fit the puzzles.
    """
    spec = loaded.task.spec
    refuse_budget(loaded, options)
    if spec.solve is not None:
        refuse_search(loaded, options)
        return _by_the_task(loaded, texts, options)
    if not spec.reads_text:
        raise UsageError(f"Task {loaded.task.name!r} cannot read puzzles from text.")
    return _answers(loaded, puzzles_to_solve(loaded.task, texts, done, loaded.session.display.note), options, others)


def solve_rows(loaded: LoadedModel, rows: Iterable[IntArray], options: SearchOptions) -> Iterator[Solved]:
    """Solve puzzles that are there as tokens ``[L]`` or rows ``[W]``, of the task's size. See `solve_texts`.

    Raises:
        UsageError: the task has no use for an option.
        PuzzleError: there is no puzzle, or every puzzle is unsolvable.
        CheckpointError: the weights do not fit the puzzles.
    """
    refuse_budget(loaded, options)
    return _answers(loaded, given_rows(loaded.task, rows), options)


def _answers(
    loaded: LoadedModel, givens: Iterator[Given], options: SearchOptions, others: Sequence[str] = ()
) -> Iterator[Solved]:
    if options.check is None:
        options = replace(options, check=loaded.task.spec.check is not None)
    return _Line(loaded, options, others if options.check else ()).answers(givens)


@dataclass(eq=False)
class _Entry:
    """A puzzle in the line.

    Attributes:
        given: the puzzle.
        stage: which weights are trying it, from 0.
        turns: how many attempts each of the weights has made before.
        first: the best answer of the first weights, so far invalid.
        solved: its answer, once it is there.
    """

    given: Given
    stage: int = 0
    turns: int = 0
    first: Solved | None = None
    solved: Solved | None = None


@dataclass
class _Weights:
    """One set of weights, with a pool of rows for each size of puzzles.

    Attributes:
        loaded: the weights.
        options: test-time compute.
        name: what answers say about where they come from; None for the weights that are tried first.
        pools: the rows, by size.
        unfit: the sizes that the weights do not fit, and why.
    """

    loaded: LoadedModel
    options: SearchOptions
    name: str | None = None
    pools: dict[str, RowPool[_Entry]] = field(default_factory=dict)
    unfit: dict[str, CheckpointError] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Number of attempts at a puzzle."""
        return self.options.restarts * (self.options.votes or 1)

    def take(self, entry: _Entry) -> None:
        """Line up an entry for as many attempts as were made at it before, at first for one.

        Raises:
            CheckpointError: the weights do not fit the size.
        """
        inputs, pool = entry.given.inputs, self.pool(entry.given.task)
        assert inputs is not None
        if entry.turns:
            pool.resume(entry, min(entry.turns, self.attempts - entry.turns))
        else:
            pool.add(entry, inputs, turns=1)

    def forget(self, entry: _Entry) -> None:
        """Make no further attempt at an entry that other weights have solved."""
        for pool in self.pools.values():
            pool.forget(entry)

    def pool(self, task: Task) -> RowPool[_Entry]:
        """The rows for puzzles of a task's size.

        Raises:
            CheckpointError: the weights do not fit the size.
        """
        size = task.config.model_dump_json()
        if size in self.unfit:
            raise self.unfit[size]
        if size not in self.pools:
            try:
                self.pools[size] = self._new_pool(task)
            except CheckpointError as error:
                self.unfit[size] = error
                raise
        return self.pools[size]

    def _new_pool(self, task: Task) -> RowPool[_Entry]:
        sized = self.loaded.with_task(task)
        plan = sized.experiment.search(sized.model.config, self.options)
        # Threads share the rows of each operation, so that each of them needs a batch of its own to be busy.
        rows = sized.experiment.evaluation_batch_size * sized.session.cores
        return RowPool(sized.model, plan, sized.session.backend, rows)


class _Line:
    """Puzzles in the order of the input. They may overtake each other while they are solved, but leave in this order.

    All weights make their first attempt at a puzzle before any of them makes a second one, since other weights solve it
    more often than another attempt with the same ones; then 1, 2, 4 and so on further attempts each, so that the last
    puzzles fill rows. Which attempts are made at a puzzle that none of them solves does not depend on the order.

    Args:
        loaded: the weights that are tried first.
        options: test-time compute.
        others: further weights, by reference. They are loaded when a puzzle needs them.
    """

    def __init__(self, loaded: LoadedModel, options: SearchOptions, others: Sequence[str]) -> None:
        self.weights = [_Weights(loaded, options)]
        self.others = deque(others)
        self.entries: deque[_Entry] = deque()

    def answers(self, givens: Iterator[Given]) -> Iterator[Solved]:
        """The answers to some puzzles, in their order."""
        self._read(givens)
        while self.entries:
            for pool in self._runnable():
                for entry, found in pool.step():
                    self._judge(entry, found)
            while self.entries and (solved := self.entries[0].solved) is not None:
                self.entries.popleft()
                yield solved
            self._read(givens)

    def _runnable(self) -> list[RowPool[_Entry]]:
        """The pools to run a step of: those with full rows, for speed; all if there are none, or answers are awaited."""
        busy = [pool for weights in self.weights for pool in weights.pools.values() if pool.busy]
        full = [pool for pool in busy if not pool.hungry]
        return full if full and len(self.entries) < BEHIND * max(pool.size for pool in busy) else busy

    def _read(self, givens: Iterator[Given]) -> None:
        """Line up puzzles until the rows of the first weights are taken."""
        first = self.weights[0]
        while len(self.entries) < AHEAD and all(pool.hungry for pool in first.pools.values()):
            given = next(givens, None)
            if given is None:
                return
            self.entries.append(_Entry(given))
            self._begin(self.entries[-1], first)

    def _begin(self, entry: _Entry, first: _Weights) -> None:
        given = entry.given
        if given.inputs is None or given.problem is not None:
            entry.solved = _unsolved(given)
            return
        try:
            first.take(entry)
        except CheckpointError as error:
            if not first.pools:
                raise
            entry.solved = _unsolved(replace(given, problem=error))

    def _judge(self, entry: _Entry, found: Found) -> None:
        """Take an answer; if it is invalid, give the puzzle to the next weights."""
        solved = _solved(entry.given, found, self.weights[entry.stage].name)
        if not solved.problem:
            entry.solved = solved
            for weights in self.weights:
                weights.forget(entry)
            return
        if entry.stage == 0:
            entry.first = solved
        if not self._try_next(entry):
            entry.solved = entry.first

    def _try_next(self, entry: _Entry) -> bool:
        """Line up an entry for its next attempt. False if all weights that fit it have made theirs."""
        while True:
            weights = self._after(entry.stage)
            entry.stage += 1
            if weights is None:
                weights, entry.stage, entry.turns = self.weights[0], 0, max(1, 2 * entry.turns)
                if entry.turns >= weights.attempts or not weights.options.check:
                    return False
            with contextlib.suppress(CheckpointError):  # weights of another size or vocabulary
                weights.take(entry)
                return True

    def _after(self, stage: int) -> _Weights | None:
        """The weights that follow those of a stage; None if there are no more."""
        if stage + 1 == len(self.weights) and self.others:
            first, reference = self.weights[0], self.others.popleft()
            checkpoint = locate(reference, first.loaded.task.name)
            self.weights.append(_Weights(replace(first.loaded, checkpoint=checkpoint), first.options, reference))
        return self.weights[stage + 1] if stage + 1 < len(self.weights) else None


def _solved(given: Given, found: Found, weights: str | None) -> Solved:
    task, inputs, tokens = given.task, given.inputs, found.answer
    assert inputs is not None
    problem, confidence = task.check(inputs, tokens), round(probability(found.halt_logit), 4)
    puzzle, answer = task.format(inputs), task.format(task.description.answered(inputs, tokens))
    report: dict[str, Any] = {
        "puzzle": puzzle if task.spec.format else inputs.tolist(),
        "answer": answer if task.spec.format else tokens.tolist(),
        "problem": problem,
        "confidence": confidence,
        "steps": found.steps,
        **({"weights": weights} if weights else {}),
    }
    return Solved(
        number=given.number,
        puzzle=puzzle,
        text=answer,
        draw=lambda: task.renderer().render(inputs, tokens),
        problem=problem,
        valid=None if task.spec.check is None else problem is None,
        tokens=tokens,
        confidence=confidence,
        steps=found.steps,
        weights=weights,
        report=report,
    )


def _unsolved(given: Given) -> Solved:
    """What is returned for a puzzle that cannot be read, or has no proper solution."""
    problem = str(given.problem)
    report = {"puzzle": given.text or None, "answer": None, "problem": problem, "confidence": None, "steps": None}
    return Solved(
        number=given.number, puzzle=given.text, text="", draw=Text, problem=problem, unreadable=True, report=report
    )


def _by_the_task(loaded: LoadedModel, texts: Sequence[SourcedText], options: SearchOptions) -> Iterator[Solved]:
    request = SolveRequest(
        data=loaded.experiment,
        training=loaded.experiment.training,
        model=loaded.model,
        backend=loaded.session.backend,
        steps=options.steps or loaded.steps,
        texts=[(text.source, text.text) for text in texts],
        votes=options.votes,
        budget=options.budget,
        progress=loaded.session.display.track,
    )
    yield from solved_by_the_task(loaded.task.solve(request))


def solved_by_the_task(answers: Iterable[SolvedPuzzle]) -> Iterator[Solved]:
    """The answers of a task's own solver as those of others, numbered."""
    for number, solved in enumerate(answers, start=1):
        yield Solved(
            number=number,
            text=solved.answer or json.dumps(solved.report, ensure_ascii=False),
            draw=partial(_picture, solved),
            puzzle=solved.name or str(number),
            problem=solved.problem,
            valid=solved.valid,
            report=solved.report,
        )


def _picture(solved: SolvedPuzzle) -> RenderableType:
    return solved.picture
