"""A renderer's output as character cells, and the puzzle position that each cell shows.

The layout of a renderer is unknown, so the positions are found by experiment: the answer is changed at some positions and
drawn again, and the cells that differ belong to these positions. The changed positions encode each position's number in
binary, so a puzzle of L positions takes 2 log2(L) drawings.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from trm.data.puzzle_set import IntArray
from trm.render.renderer import Renderer

WIDTH = 80
NOWHERE = -1
BLANK = (" ", Style.null())

Cell = tuple[str, Style]
"""A character and its style; the second half of a wide character is an empty one."""

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Picture:
    """Character cells; all rows have the same width."""

    rows: tuple[tuple[Cell, ...], ...]

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in self.rows:
            yield from Segment.simplify(Segment(text, style) for text, style in row)
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)

    def styled(self, marks: Marks, style: Style) -> Picture:
        """The picture with a style added to the marked cells ``[rows, width]``."""
        return Picture(
            tuple(
                tuple(
                    (text, old + style if marked else old) for (text, old), marked in zip(row, marked_row, strict=True)
                )
                for row, marked_row in zip(self.rows, marks, strict=True)
            )
        )

    def padded(self, height: int, width: int) -> Picture:
        """The picture, padded to at least this height and width."""
        rows = [row + (BLANK,) * (width - len(row)) for row in self.rows]
        rows += [(BLANK,) * max(width, self.width)] * (height - len(rows))
        return Picture(tuple(rows))


def draw(renderable: RenderableType) -> Picture:
    """Draw a renderable of at most 80 columns, without blank columns on the right."""
    console = Console(
        file=io.StringIO(), width=WIDTH, color_system="truecolor", force_terminal=True, legacy_windows=False
    )
    lines = console.render_lines(renderable, pad=False)
    rows = [_cells(line) for line in lines]
    width = max((len(row) for row in rows), default=0)
    return Picture(tuple(tuple(row) + (BLANK,) * (width - len(row)) for row in rows))


def locate(renderer: Renderer, inputs: IntArray, answer: IntArray, target: IntArray | None) -> IntArray:
    """The position that each cell shows when `answer` ``[L]`` is drawn.

    Returns:
        Positions ``[rows, width]``, -1 for cells that show none or several. A position whose token the renderer does not
        draw, such as a given wall, has no cell.
    """
    base = draw(renderer.render(inputs, answer, target))
    found = np.full((len(base.rows), base.width), NOWHERE)
    for changed in _replacements(inputs, answer):
        certain, place = np.ones(found.shape, dtype=bool), np.zeros_like(found)
        for bit in range(max(len(answer) - 1, 1).bit_length()):
            chosen = (np.arange(len(answer)) >> bit & 1).astype(bool)
            one, zero = (
                differences(base, draw(renderer.render(inputs, np.where(part, changed, answer), target)))
                for part in (chosen, ~chosen)
            )
            certain &= one ^ zero
            place |= one.astype(np.int64) << bit
        found = np.where((found == NOWHERE) & certain & (place < len(answer)), place, found)
    return found


def _replacements(inputs: IntArray, answer: IntArray) -> list[IntArray]:
    """Answers ``[L]`` that differ from `answer` at every position. There are two, as a renderer may draw two tokens alike.

    They use tokens of the answer only: a token such as padding could change the layout of the picture.
    """
    tokens = np.unique(answer)
    if len(tokens) < 2:
        tokens = np.unique(np.append(inputs[: len(answer)], answer))
    if len(tokens) < 2:
        tokens = np.append(tokens, tokens + 1)
    rank = np.searchsorted(tokens, answer)
    shifts = dict.fromkeys((1, len(tokens) // 2))
    return [tokens[(rank + shift) % len(tokens)] for shift in shifts]


def differences(one: Picture, other: Picture) -> Marks:
    """The cells ``[rows, width]`` of `one` that differ in `other`."""
    marks = np.zeros((len(one.rows), one.width), dtype=bool)
    for row, cells in enumerate(one.rows):
        others = other.rows[row] if row < len(other.rows) else ()
        for column, cell in enumerate(cells):
            second_half = cell[0] == "" and column > 0 and marks[row, column - 1]
            marks[row, column] = second_half or cell != (others[column] if column < len(others) else BLANK)
    return marks


def _cells(line: list[Segment]) -> list[Cell]:
    cells: list[Cell] = []
    for segment in line:
        if segment.control:
            continue
        for character in segment.text:
            width = cell_len(character)
            if width:
                style = segment.style or Style.null()
                cells += [(character, style), *[("", style)] * (width - 1)]
            elif cells:  # a combining mark belongs to the character before it
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
    return cells
