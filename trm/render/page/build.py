"""Building the page: the frames as JSON, beside one style sheet and one script, all in one file that loads nothing.

All text from tasks and users reaches the page as escaped HTML or as JSON that the script shows by `textContent`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from rich.color import Color
from rich.style import Style

from trm.data.puzzle_set import Description
from trm.errors import UsageError
from trm.evaluation.refine import FloatArray, Frame
from trm.render.picture import Cell, Picture
from trm.render.scene import Stage

LIMIT = 1_000_000
"""Bytes of a page."""

LEVELS = 9  # of the shading


def build_page(
    stage: Stage,
    frames: Sequence[Frame],
    description: Description,
    *,
    title: str,
    verdict: str,
    footer: str = "",
    given: str = "",
) -> str:
    """The refinement of one puzzle as an HTML page.

    Args:
        stage: the puzzle and its renderer.
        frames: the refinement, at least one frame.
        description: names of the tokens, and the grid.
        title: its heading.
        verdict: a sentence on the last answer.
        footer: where it comes from.
        given: what was learned from, as HTML.

    Raises:
        UsageError: it would be larger than a megabyte, even with one token a cell.
    """
    rows = _Rows()
    pictures = [rows.add(stage.unsolved), *(rows.add(stage.picture(frame)) for frame in frames)]
    shown: dict[str, Any] = {
        "steps": frames[-1].step,
        "cycles": frames[-1].cycles,
        "tokens": list(description.token_names),
        "grid": description.structure.grid,
        "places": stage.places(frames[-1].answer).tolist(),
        "columns": rows.columns,
        "rows": rows.rows,
    }
    by_cycle = any(frame.cycle != frame.cycles for frame in frames)
    for tokens in (5, 3, 2, 1):
        answers = [
            _frame(frame, picture, by_cycle, tokens) for frame, picture in zip(frames, pictures[1:], strict=True)
        ]
        data = json.dumps(
            shown | {"frames": [_opening(pictures[0]), *answers]}, ensure_ascii=False, separators=(",", ":")
        )
        page = _fill(
            title=html.escape(title),
            verdict=html.escape(verdict),
            footer=html.escape(footer),
            given=f'<details id="given" open><summary>What it learns from</summary>{given}</details>' if given else "",
            styles=rows.css(),
            data=data.replace("<", "\\u003c"),
        )
        if len(page.encode()) < LIMIT:
            return page
    raise UsageError(
        f"The page would have {len(page.encode()) / 1e6:.1f} MB, more than {LIMIT / 1e6:.0f}. Ask for fewer --steps"
        + (", or leave out --cycles." if by_cycle else ".")
    )


def _opening(picture: list[int]) -> dict[str, Any]:
    """The puzzle itself as the first frame."""
    return {"step": 0, "picture": picture, "changed": [], "wrong": None, "undecided": "", "likely": None}


def _frame(frame: Frame, picture: list[int], by_cycle: bool, tokens: int) -> dict[str, Any]:
    return {
        "step": frame.step,
        "cycle": frame.cycle if by_cycle else None,
        "picture": picture,
        "changed": np.flatnonzero(frame.changed).tolist(),
        "wrong": None if frame.wrong is None else int(frame.wrong.sum()),
        "halt": round(frame.halt, 4),
        "undecided": "".join(map(str, (frame.entropy() * LEVELS).round().astype(int))),
        "likely": _likely(frame.probabilities, tokens),
    }


def _likely(probabilities: FloatArray, count: int) -> list[int | list[int]]:
    """For each position its likely tokens and their per cents, ``[token, %, token, %, ...]``, or one certain token."""
    percents = (100 * probabilities).round().astype(int)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
    result: list[int | list[int]] = []
    for row, tokens in zip(percents, order.tolist(), strict=True):
        if row[tokens[0]] == 100:
            result.append(tokens[0])
        else:
            result.append([number for token in tokens if row[token] for number in (token, int(row[token]))])
    return result


class _Rows:
    """The rows of all pictures, each stored once, and the styles in them."""

    def __init__(self) -> None:
        self.rows: list[tuple[str | list[str], list[int]]] = []
        self.columns = 1
        self._numbers: dict[tuple[Cell, ...], int] = {}
        self._styles: dict[str, int] = {}

    def add(self, picture: Picture) -> list[int]:
        """The numbers of a picture's rows."""
        self.columns = max(self.columns, picture.width)
        return [self._number(tuple(map(_without_seams, row))) for row in picture.rows]

    def _number(self, row: tuple[Cell, ...]) -> int:
        if row not in self._numbers:
            self._numbers[row] = len(self.rows)
            texts = [text for text, _ in row]
            runs: list[int] = []
            for _, style in row:
                number = self._styles.setdefault(style_css(style), len(self._styles))
                if runs and runs[-1] == number:
                    runs[-2] += 1
                else:
                    runs += [1, number]
            plain = all(len(text) == 1 for text in texts)
            self.rows.append(("".join(texts) if plain else texts, runs))
        return self._numbers[row]

    def css(self) -> str:
        """A rule for each style."""
        return "\n".join(f".s{number}{{{rule}}}" for rule, number in self._styles.items() if rule)


def _without_seams(cell: Cell) -> Cell:
    """A full block as a space on a background of its colour: the glyph would leave seams between neighbours."""
    text, style = cell
    return (" ", style + Style(reverse=not style.reverse)) if text == "█" else cell


@lru_cache(maxsize=1024)
def style_css(style: Style) -> str:
    """A Rich style as CSS; the sixteen colours of a terminal become the page's own, which suit its light and dark form."""
    front, back = style.color, style.bgcolor
    if style.reverse:
        rules = ["color:var(--bg)", f"background:{_color(front) or 'var(--fg)'}"]
    else:
        ground = _color(back)
        ink = _ink(front, back) if back is not None and ground else _color(front)
        rules = [f"color:{ink}"] if ink else []
        rules += [f"background:{ground}"] if ground else []
    rules += ["font-weight:700"] if style.bold else []
    rules += ["opacity:.75"] if style.dim else []
    rules += ["font-style:italic"] if style.italic else []
    lines = [name for name, on in (("underline", style.underline), ("line-through", style.strike)) if on]
    rules += [f"text-decoration:{' '.join(lines)}"] if lines else []
    return ";".join(rules)


def _color(color: Color | None) -> str:
    """Empty where it is the default."""
    if color is None or color.is_default:
        return ""
    return f"var(--c{color.number})" if _themed(color) else color.get_truecolor().hex


def _themed(color: Color) -> bool:
    """Whether it is one of the sixteen colours, which are others in the light and the dark form."""
    return color.number is not None and color.number < 16


def _ink(front: Color | None, back: Color) -> str:
    """A colour of text that can be read on `back` in both forms, as near to what was meant as is certain."""
    if _themed(back):
        return "var(--bg)"
    if front is not None and not front.is_default and not _themed(front):
        return front.get_truecolor().hex
    red, green, blue = back.get_truecolor()
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "#ffffff"


def _fill(**parts: str) -> str:
    """Fill the template in a single pass, so that text inside a part is never replaced as a placeholder."""
    folder = resources.files("trm.render.page")
    parts |= {
        "css": folder.joinpath("page.css").read_text("utf-8"),
        "script": folder.joinpath("page.js").read_text("utf-8"),
    }
    pieces = folder.joinpath("page.html").read_text("utf-8").split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)
