"""Checks of renderers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich.console import Console, RenderableType

from trm.data.puzzle_set import IntArray
from trm.testing.check import CheckSkipped, plugin_code, require
from trm.testing.subject import Subject

COLUMNS = 80


def renderers_fit(subject: Subject) -> None:
    """Every renderer shows a puzzle, with and without answers, within 80 columns."""
    row, answer, labels = subject.inputs[0], subject.answers[0], subject.labels[0]
    wrong = subject.corrupted(subject.answers)[0]
    variants: list[tuple[IntArray, ...]] = [(row,), (row, answer), (row, wrong), (row, wrong, labels)]
    for name, renderer in _renderers(subject):
        for arrays in variants:
            picture = _picture(name, renderer, arrays)
            narrow, wide = (_lines(name, picture, width) for width in (COLUMNS, 400))
            require(
                any(wide),
                f"Renderer {name!r} shows nothing.",
                "Most likely it returns an empty Text, or prints instead of returning.",
            )
            require(
                [_essence(line) for line in narrow] == [_essence(line) for line in wide],
                f"Renderer {name!r} needs {max(len(line) for line in wide)} columns, a terminal has {COLUMNS}.",
                "Most likely a cell takes too many characters for the largest grid that the settings allow.",
            )


def renderers_pure(subject: Subject) -> None:
    """A renderer gives the same picture for the same puzzle and changes no array."""
    for name, renderer in _renderers(subject):
        arrays = [array[0].copy() for array in (subject.inputs, subject.corrupted(subject.answers), subject.labels)]
        given = [array.copy() for array in arrays]
        first = _text(name, renderer, arrays)
        require(
            all(np.array_equal(array, before) for array, before in zip(arrays, given, strict=True)),
            f"Renderer {name!r} changes its arguments.",
            "Most likely it assigns into the puzzle or the prediction: work on a copy.",
        )
        require(
            _text(name, renderer, arrays) == first,
            f"Renderer {name!r} shows the same puzzle differently the second time.",
            "Most likely it keeps something between calls, or draws random numbers.",
        )


def renderers_mark_errors(subject: Subject) -> None:
    """A wrong cell is marked by more than colour, so that plain text shows it."""
    for name, renderer in _renderers(subject):
        row, wrong, labels = subject.inputs[0], subject.corrupted(subject.answers)[0], subject.labels[0]
        require(
            _text(name, renderer, (row, wrong, labels)) != _text(name, renderer, (row, wrong, wrong)),
            f"Renderer {name!r} shows a wrong cell like a right one in plain text.",
            "Most likely it marks the cell by colour alone, or ignores `target`: add a character such as '!'.",
        )


def _renderers(subject: Subject) -> Iterator[tuple[str, Any]]:
    """The task's renderers.

    Raises:
        CheckSkipped: it has none of its own.
    """
    renderers = list(subject.renderers())
    if not renderers:
        raise CheckSkipped("the task has no renderer of its own")
    yield from renderers


def _picture(name: str, renderer: Any, arrays: Sequence[IntArray]) -> RenderableType:
    with plugin_code(f"Renderer {name!r}"):
        picture: RenderableType = renderer.render(*arrays)
        return picture


def _lines(name: str, picture: RenderableType, width: int) -> list[str]:
    """A picture on a terminal of some width, in plain text."""
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=False, legacy_windows=False)
    with plugin_code(f"Renderer {name!r}"), console.capture() as capture:
        console.print(picture)
    return [line.rstrip() for line in capture.get().splitlines()]


def _text(name: str, renderer: Any, arrays: Sequence[IntArray]) -> list[str]:
    return _lines(name, _picture(name, renderer, arrays), COLUMNS)


def _essence(line: str) -> str:
    """A line without what a frame that fills the terminal adds."""
    return re.sub(r"[\s─━═-]", "", line)
