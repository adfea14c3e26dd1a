"""One frame of a refinement as a Rich renderable: the task's picture, with numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from trm.data.puzzle_set import IntArray
from trm.evaluation.refine import Frame, Puzzle
from trm.render.picture import NOWHERE, Picture, draw, locate
from trm.render.renderer import Renderer
from trm.words import counted

CHANGED = Style(reverse=True)
BAR = 20
FIGURES_WIDTH = 40
BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = BAR) -> str:
    """The last `width` values, each from 0 to 1, as a row of bars."""
    top = len(BARS) - 1
    return "".join(BARS[round(min(max(value, 0.0), 1.0) * top)] for value in values[-width:])


class Stage:
    """A puzzle with the renderer that shows it."""

    def __init__(self, renderer: Renderer, puzzle: Puzzle) -> None:
        self.renderer, self.puzzle = renderer, puzzle

    @cached_property
    def unsolved(self) -> Picture:
        """The puzzle alone."""
        return draw(self.renderer.render(self.puzzle.inputs))

    @cached_property
    def solution(self) -> Picture:
        """The puzzle with its right answer, which must be known."""
        return draw(self.renderer.render(self.puzzle.inputs, self.puzzle.target, self.puzzle.target))

    def picture(self, frame: Frame) -> Picture:
        """The answer of a frame, with wrong cells marked by the renderer."""
        return draw(self.renderer.render(self.puzzle.inputs, frame.answer, self.puzzle.target))

    def places(self, answer: IntArray) -> IntArray:
        """The position that each cell of a picture shows; see `trm.render.picture.locate`."""
        return locate(self.renderer, self.puzzle.inputs, answer, self.puzzle.target)

    @cached_property
    def _places(self) -> IntArray:
        return self.places(self.puzzle.tokens if self.puzzle.target is None else self.puzzle.target)

    def highlighted(self, frame: Frame) -> Picture:
        """The answer of a frame, with changed cells in reverse video."""
        picture = self.picture(frame)
        marks = np.zeros((len(picture.rows), picture.width), dtype=bool)
        height, width = (min(pair) for pair in zip(marks.shape, self._places.shape, strict=True))
        places = self._places[:height, :width]
        marks[:height, :width] = (places != NOWHERE) & frame.changed[places]
        return picture.styled(marks, CHANGED)


def figures(frames: Sequence[Frame], steps: int) -> Table:
    """The last frame in numbers: step, changed cells, wrong cells, halting probability."""
    frame = frames[-1]
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    cycle = "" if frame.cycle == frame.cycles else f", cycle {frame.cycle} of {frame.cycles}"
    table.add_row("step", f"{frame.step} of {steps}{cycle}")
    table.add_row("", bar(frame.step / steps))
    table.add_row("changed", _cells(int(frame.changed.sum())))
    if frame.wrong is not None:
        table.add_row("wrong", _cells(int(frame.wrong.sum())))
    table.add_row("sure", f"{frame.halt:.0%} that all is right")
    table.add_row("", sparkline([frame.halt for frame in frames]))
    return table


def bar(share: float) -> Text:
    """A bar for a value from 0 to 1."""
    full = round(share * BAR)
    return Text("━" * full, style="cyan") + Text("─" * (BAR - full), style="dim")


def beside(picture: RenderableType, note: RenderableType, console: Console) -> RenderableType:
    """A picture with a note on its right, or below the note if the terminal is too narrow.

    In the narrow layout the note comes first, because a short terminal cuts off the end.
    """
    if Measurement.get(console, console.options, picture).maximum + FIGURES_WIDTH <= console.width:
        table = Table.grid(padding=(0, 3))
        table.add_row(Padding(picture, (0, 0, 0, 2)), note)
        return table
    return Group(note, Text(), picture)


def _cells(count: int) -> str:
    return counted(count, "cell")
