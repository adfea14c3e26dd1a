"""`Given`: the puzzles of some texts, read one after the other as they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from trm.data.puzzle_set import IntArray
from trm.errors import PuzzleError, TRMError, UsageError
from trm.experiment.task import Task


@dataclass(frozen=True)
class SourcedText:
    """Text with puzzles.

    Attributes:
        source: file that it was read from, "stdin", or empty for the command line.
        text: the text.
    """

    source: str
    text: str


@dataclass(frozen=True)
class Given:
    """A puzzle, or what is wrong with it.

    Attributes:
        number: its place in the input, from 1.
        task: the task at the puzzle's size.
        inputs: tokens ``[L]``; None if it cannot be read.
        problem: why it cannot be read, has no proper solution, or does not fit the weights; None if nothing is wrong.
    """

    number: int
    task: Task
    inputs: IntArray | None
    problem: TRMError | None = None

    @property
    def text(self) -> str:
        """The puzzle as the task writes it; empty if it cannot be read."""
        return "" if self.inputs is None else self.task.format(self.inputs)


def puzzles_to_solve(
    task: Task, texts: Sequence[SourcedText], done: Iterable[str] = (), note: Callable[[str], None] = lambda text: None
) -> Iterator[Given]:
    """The puzzles of some texts, each judged by the task's `solvable`.

    Args:
        task: how to read them.
        texts: the texts; the puzzles of different texts may have different sizes if the task can tell the size.
        done: the puzzles at the beginning that are done already, as text. They are left out.
        note: called with the form in which a text was read, if it is not the usual one.

    Raises:
        PuzzleError: there is no puzzle, or all are bad. This is the error of the first one.
        UsageError: the puzzles that are done are not those at the beginning of the texts.
    """
    numbered = iter(_numbered(task, texts, note))
    left_out = _leave_out(numbered, done)
    judged = map(_judged, numbered)
    return judged if left_out else _unless_all_are_bad(judged)


def given_rows(task: Task, rows: Iterable[IntArray]) -> Iterator[Given]:
    """Puzzles that are there as tokens ``[L]`` or rows ``[W]``, each judged by the task's `solvable`.

    Raises:
        PuzzleError: there is no puzzle, or all are bad. This is the error of the first one.
    """
    return _unless_all_are_bad(_judged(Given(number, task, row)) for number, row in enumerate(rows, start=1))


def count_puzzles(task: Task, texts: Sequence[SourcedText]) -> Iterator[int]:
    """Count the puzzles of some texts, one by one, since a long text takes a while."""
    for number, _ in enumerate(_numbered(task, texts, lambda text: None), start=1):
        yield number


def _numbered(task: Task, texts: Sequence[SourcedText], note: Callable[[str], None]) -> Iterator[Given]:
    numbers = itertools.count(1)
    for text in texts:
        for sized, puzzle in _read(task, text, note):
            if isinstance(puzzle, PuzzleError):
                yield Given(next(numbers), sized, None, puzzle)
            else:
                yield Given(next(numbers), sized, puzzle)


def _read(task: Task, text: SourcedText, note: Callable[[str], None]) -> Iterator[tuple[Task, IntArray | PuzzleError]]:
    """The puzzles of one text, with the task at their size. A text that cannot be read at all counts as one bad puzzle."""
    try:
        task = task.resized_for(text.text)
        reading = task.read(text.text)
        if not reading.usual:
            note(f"{text.source or 'The puzzle'}: read as {reading.form}.")
        for puzzle in reading.puzzles:
            yield task, _located(puzzle, text) if isinstance(puzzle, PuzzleError) else puzzle
    except PuzzleError as error:
        yield task, _located(error, text)


def _located(error: PuzzleError, text: SourcedText) -> PuzzleError:
    return PuzzleError(f"{text.source}: {error}") if text.source else error


def _leave_out(givens: Iterator[Given], done: Iterable[str]) -> int:
    """Drop the puzzles that are done from the beginning, and return their number."""
    number = 0
    for number, text in enumerate(done, start=1):
        given = next(givens, None)
        if given is None:
            raise UsageError(
                f"The output has more answers than this input has puzzles, which are {number - 1:,}. Choose another --output."
            )
        if given.text != text:
            raise UsageError(
                f"The output has answers to another input: its puzzle {number:,} is not puzzle {number:,} of this input. "
                "Choose another --output."
            )
    return number


def _judged(given: Given) -> Given:
    if given.inputs is None or given.problem is not None:
        return given
    expected = given.task.description.input_width
    if len(given.inputs) != expected:
        return replace(
            given, problem=PuzzleError(f"The puzzle has {len(given.inputs)} cells, the model takes {expected}.")
        )
    problem = given.task.solvable(given.inputs)
    return given if problem is None else replace(given, problem=PuzzleError(problem))


def _unless_all_are_bad(givens: Iterator[Given]) -> Iterator[Given]:
    held: list[Given] = []
    for given in givens:
        held.append(given)
        if given.problem is None:
            yield from held
            yield from givens
            return
    raise held[0].problem or AssertionError if held else PuzzleError("There is no puzzle to solve.")
