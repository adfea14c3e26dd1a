"""ARC grids in the terminal: side by side, coloured, with a digit in every cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trm.data import IGNORED, IntArray
from trm_tasks_arc.colours import PALETTE, ink
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.grids import END, FIRST_COLOUR, PAD, VOCABULARY

WIDTH = 80
GAP = 2
CROSS = "×"
Marks = npt.NDArray[np.bool_]


class GridRenderer:
    """Draws input, target and prediction side by side, wrapped at 80 columns.

    It shows the part of the canvas that the input and the target use, or all of it for a prediction without a target. A dot
    is an end mark. A cross marks a wrong cell: beside its digit if cells are two characters wide, otherwise in its place.
    """

    def __init__(self, config: ArcConfig) -> None:
        self.side = config.side

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        """Render a canvas ``[L]`` of tokens; unscored positions of the target are ignored."""
        canvases = {"input": self._canvas(inputs)}
        wrong = np.zeros((self.side, self.side), bool)
        if target is not None:
            scored = self._canvas(target) != IGNORED
            canvases["target"] = np.where(scored, self._canvas(target), PAD)
            if prediction is not None:
                wrong = scored & (self._canvas(prediction) != canvases["target"])
        window = (self.side, self.side)
        if prediction is None or target is not None:
            used = np.any([canvas >= FIRST_COLOUR for canvas in canvases.values()], axis=0)
            window = _last(used.any(1)) + 1, _last(used.any(0)) + 1
        if prediction is not None:
            canvases["prediction"] = self._canvas(prediction)
        wrong = wrong[: window[0], : window[1]]
        nothing = np.zeros_like(wrong)
        return panels(
            [
                (title, canvas[: window[0], : window[1]], wrong if title == "prediction" else nothing)
                for title, canvas in canvases.items()
            ]
        )

    def _canvas(self, tokens: IntArray) -> IntArray:
        return np.reshape(tokens, (self.side, self.side))


def _last(used: Marks) -> int:
    return int(np.flatnonzero(used).max(initial=0))


def grid_panels(grids: Sequence[tuple[str, IntArray]]) -> RenderableType:
    """Draw titled grids ``[rows, columns]`` of colours side by side."""
    return panels([(title, grid.astype(np.int64) + FIRST_COLOUR, np.zeros(grid.shape, bool)) for title, grid in grids])


def panels(parts: Sequence[tuple[str, IntArray, Marks]]) -> RenderableType:
    """Draw titled parts of canvases ``[rows, columns]`` with wrong cells crossed, wrapped at 80 columns."""
    widths = [canvas.shape[1] for _, canvas, _ in parts]
    cell = 2 if sum(2 * width + GAP for width in widths) - GAP <= WIDTH else 1
    drawn = [
        (_panel(title, canvas, wrong, cell), max(cell * canvas.shape[1], len(title))) for title, canvas, wrong in parts
    ]
    rows: list[list[Text]] = [[]]
    used = 0
    for text, width in drawn:
        if rows[-1] and used + width > WIDTH:
            rows.append([])
            used = 0
        rows[-1].append(text)
        used += width + GAP
    return Group(*(_beside(row) for row in rows))


def _beside(texts: Sequence[Text]) -> RenderableType:
    table = Table.grid(padding=(0, GAP, 0, 0))
    for _ in texts:
        table.add_column(no_wrap=True)
    table.add_row(*texts)
    return table


def _panel(title: str, canvas: IntArray, wrong: Marks, cell: int) -> Text:
    text = Text(title + "\n", style="dim", no_wrap=True)
    text.stylize("not dim", len(title))
    for tokens, marks in zip(canvas.tolist(), wrong.tolist(), strict=True):
        for token, mark in zip(tokens, marks, strict=True):
            text.append(*_cell(token, mark, cell))
        text.append("\n")
    text.right_crop()
    return text


def _cell(token: int, wrong: bool, width: int) -> tuple[str, str]:
    """Return the characters and the style of a cell."""
    if FIRST_COLOUR <= token < VOCABULARY:
        colour = token - FIRST_COLOUR
        sign, style = str(colour), f"{ink(colour)} on {PALETTE[colour]}"
    else:
        sign, style = ("·" if token == END else " "), "dim"
    if not wrong:
        return sign.ljust(width), style
    return (sign + CROSS if width == 2 else CROSS), f"bold {style}" if style != "dim" else "bold"
