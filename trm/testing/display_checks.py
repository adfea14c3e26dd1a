"""Checks of what people see: renderers, text, and the rules by which an answer is judged."""

from __future__ import annotations

import io
import re

import numpy as np
from rich.console import Console, RenderableType

from trm.data.puzzle_set import IntArray
from trm.errors import PuzzleError
from trm.plugins.code import load
from trm.testing.check import CheckFailure, CheckSkipped, require
from trm.testing.subject import Subject, plugin_code

COLUMNS = 80
NO_PUZZLE = "\u2603 no puzzle \u2603"
SHOWN = 8
"""Puzzles that are shown."""


def renderers_fit(subject: Subject) -> None:
    """Every renderer shows a puzzle, with and without answers, within 80 columns."""
    for name, pictures in _pictures(subject):
        for picture in pictures:
            narrow, wide = (_lines(picture, width) for width in (COLUMNS, 400))
            require(
                any(wide),
                f"Renderer {name!r} shows nothing.",
                "Most likely it returns an empty Text, or prints in place of returning.",
            )
            require(
                [_essence(line) for line in narrow] == [_essence(line) for line in wide],
                f"Renderer {name!r} needs {max(len(line) for line in wide)} columns, a terminal has {COLUMNS}.",
                "Most likely a cell takes too many characters for the largest grid that the settings allow.",
            )


def renderers_pure(subject: Subject) -> None:
    """A renderer gives the same picture for the same puzzle and changes nothing."""
    for name, renderer in subject.renderers():
        arrays = [array[0].copy() for array in (subject.inputs, subject.corrupted(subject.answers), subject.labels)]
        given = [array.copy() for array in arrays]
        first = _text(renderer.render(*arrays))
        require(
            all(np.array_equal(array, before) for array, before in zip(arrays, given, strict=True)),
            f"Renderer {name!r} changes the arrays that it is given.",
            "Most likely it assigns into the puzzle or the prediction: work on a copy.",
        )
        require(
            _text(renderer.render(*arrays)) == first,
            f"Renderer {name!r} shows the same puzzle differently the second time.",
            "Most likely it keeps something between calls, or draws at random.",
        )


def renderers_mark_errors(subject: Subject) -> None:
    """A wrong cell is marked by more than colour: it can be told in plain text."""
    for name, renderer in subject.renderers():
        row, wrong, labels = subject.inputs[0], subject.corrupted(subject.answers)[0], subject.labels[0]
        with plugin_code(f"Renderer {name!r}"):
            marked, unmarked = _text(renderer.render(row, wrong, labels)), _text(renderer.render(row, wrong, wrong))
        require(
            marked != unmarked,
            f"Renderer {name!r} shows a wrong cell like a right one in plain text.",
            "Most likely it marks the cell by colour alone, or does not look at `target`: add a character such as '!'.",
        )


def text_round_trip(subject: Subject) -> None:
    """`parse` reads what `format` writes, and refuses what is no puzzle with a `PuzzleError`."""
    spec = subject.spec
    if spec.parse is None or spec.format is None:
        raise CheckSkipped("the task has no `parse` and `format`")
    parse, write = load(spec.parse), load(spec.format)
    for row in subject.inputs[:SHOWN]:
        with plugin_code("`format` and then `parse`"):
            text = write(row, subject.config)
            puzzles = parse(text, subject.config)
        same = len(puzzles) == 1 and np.array_equal(puzzles[0], row)
        require(
            same,
            f"`parse` does not read what `format` writes: {text!r} became {len(puzzles)} other puzzles.",
            "Most likely the two disagree on a symbol, or on the offset between symbols and tokens.",
        )
    for text in (NO_PUZZLE, ""):
        _check_refused(parse, text, subject)


def _check_refused(parse: object, text: str, subject: Subject) -> None:
    cause = "Most likely `parse` does not look at each character: raise trm.errors.PuzzleError with what is wrong and where."
    try:
        puzzles = parse(text, subject.config)  # type: ignore[operator]
    except PuzzleError:
        return
    except Exception as error:
        name = type(error).__name__
        raise CheckFailure(f"`parse` raises {name} for {text!r}, not a PuzzleError.", cause) from error
    require(not puzzles, f"`parse` takes {text!r} for a puzzle.", cause)


def answer_rules(subject: Subject) -> None:
    """`check` accepts right answers and refuses wrong ones; `solvable` accepts the dataset's puzzles."""
    spec = subject.spec
    if spec.check is None:
        raise CheckSkipped("the task has no `check`")
    refused = 0
    for row, answer, wrong in zip(subject.inputs, subject.answers, subject.corrupted(subject.answers), strict=True):
        with plugin_code("`check`"):
            problem = subject.task.check(row, answer)
            refused += subject.task.check(row, wrong) is not None
        require(
            problem is None,
            f"`check` refuses a right answer: {problem}",
            "Most likely it expects the answer in another form than the labels have.",
        )
    require(
        refused,
        f"`check` accepts all of {len(subject.inputs)} answers with a wrong cell.",
        "Most likely it looks at the positions that the puzzle gives away, or always returns None.",
    )
    if spec.solvable is None:
        return
    for row in subject.inputs[:SHOWN]:
        with plugin_code("`solvable`"):
            reason = load(spec.solvable)(row, subject.config)
        require(
            reason is None,
            f"`solvable` refuses a puzzle of the dataset: {reason}",
            "Most likely the dataset makes puzzles that break the task's own rules.",
        )


def _pictures(subject: Subject) -> list[tuple[str, list[RenderableType]]]:
    """What every renderer makes of a puzzle alone, answered, and answered wrongly."""
    return [(name, _variants(renderer, subject, name)) for name, renderer in subject.renderers()] or _skip()


def _variants(renderer: object, subject: Subject, name: str) -> list[RenderableType]:
    row, answer, labels = subject.inputs[0], subject.answers[0], subject.labels[0]
    wrong = subject.corrupted(subject.answers)[0]
    arguments: list[tuple[IntArray, ...]] = [(row,), (row, answer), (row, wrong), (row, wrong, labels)]
    with plugin_code(f"Renderer {name!r}"):
        return [renderer.render(*items) for items in arguments]  # type: ignore[attr-defined]


def _skip() -> list[tuple[str, list[RenderableType]]]:
    raise CheckSkipped("the task has no renderer of its own")


def _lines(picture: RenderableType, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(picture)
    return [line.rstrip() for line in capture.get().splitlines()]


def _text(picture: RenderableType) -> str:
    return "\n".join(_lines(picture, COLUMNS))


def _essence(line: str) -> str:
    """A line without what a frame that fills the terminal adds."""
    return re.sub(r"[\s─━═-]", "", line)
