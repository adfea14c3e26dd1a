"""`Board`: how a page draws and edits a task's puzzles, as plain data. A task gives one through `TaskSpec.board`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from trm.data.puzzle_set import Description
from trm.render.play.rules import Rule, Text, outside

Role = Literal["plain", "blank", "wall", "start", "goal", "path", "sign", "padding"]
"""What a token stands for, which decides how its cell is drawn."""

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
LONGEST_LINE = 16  # cells, where the positions form no grid
LONGEST_TEXT = 12  # characters in a cell


@dataclass(frozen=True, kw_only=True)
class TokenLook:
    """How a token looks, and how it is typed.

    Attributes:
        text: what its cell shows, at most 12 characters; empty for nothing.
        name: what a screen reader says. Default: `text`.
        role: "plain"; "blank", an empty cell; "wall", a solid block; "start", "goal" and "path" of a way; "sign", a symbol that
            belongs to the board; "padding", a cell outside the puzzle. It decides how the cell is drawn.
        keys: the characters that type this token and stand for it in a pasted puzzle. The first one is written when a puzzle or
            an answer is copied. Default: the token cannot be in a puzzle that somebody enters.
        once: a puzzle has the token exactly once, so that placing it elsewhere moves it. For start and goal.
        color: the background, as "#0074d9". Default: the page's own.
    """

    text: str
    name: str = ""
    role: Role = "plain"
    keys: str = ""
    once: bool = False
    color: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """How a page draws and edits puzzles. All of it is data; positions and tokens are numbered from 0.

    Attributes:
        looks: the look of each token of the vocabulary.
        columns: cells in a row. The positions fill the rows from left to right.
        puzzle: what one puzzle is called, as in "maze".
        blank: the token of an empty cell, which deleting leaves behind. Default: none.
        tools: tokens to paint with the pointer. Default: none, cells are typed.
        editable: positions that a user may change. Default: all.
        empty: the tokens of a puzzle with nothing in it ``[L]``. Default: `blank` everywhere, or else token 0.
        boxes: a group number for each position ``[L]``; a thick line separates neighbours of different groups. Default: none.
        lines: pairs of positions, each joined by a straight line behind the symbols. Default: none.
        text: how a puzzle is written on one line, if not cell by cell: fixed text, and tuples of positions that hold a number.
            ``((0, 1, 2), "+", (3, 4, 5), "=", (6, 7, 8))`` reads and writes "12 + 345 = 357".
        one_line: a copied puzzle is one line. Default: a line for each row.
        rules: what makes an answer right, see `Distinct` and the other rules. Default: the page shows no violations.
        hint: one sentence on how to enter a puzzle, shown beside the board. Default: one that fits `tools`.
    """

    looks: tuple[TokenLook, ...]
    columns: int
    puzzle: str = "puzzle"
    blank: int | None = None
    tools: tuple[int, ...] = ()
    editable: tuple[int, ...] | None = None
    empty: tuple[int, ...] = ()
    boxes: tuple[int, ...] = ()
    lines: tuple[tuple[int, int], ...] = ()
    text: Text = ()
    one_line: bool = False
    rules: tuple[Rule, ...] = ()
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """The board as JSON values; each rule has the name of its `kind`."""
        return asdict(self) | {"rules": [{"kind": rule.kind, **asdict(rule)} for rule in self.rules]}

    def problems(self, description: Description) -> Iterator[str]:
        """What does not fit the puzzles of a description, each as one sentence."""
        vocabulary, length = description.vocab_size, description.seq_len
        if len(self.looks) != vocabulary:
            yield f"It has {len(self.looks)} looks for a vocabulary of {vocabulary} tokens."
        if not 1 <= self.columns <= length:
            yield f"It has {self.columns} columns for {length} positions."
        if not any(look.keys for look in self.looks):
            yield "No look has keys, so that no puzzle can be entered."
        yield from _problems_of_looks(self.looks)
        tokens = (*self.tools, *self.empty, *([] if self.blank is None else [self.blank]))
        yield from outside("tools, empty or blank", "token", tokens, vocabulary)
        yield from outside("editable", "position", self.editable or (), length)
        yield from outside("lines", "position", [end for line in self.lines for end in line], length)
        yield from outside("text", "position", _positions(self.text), length)
        for name, values in (("empty", self.empty), ("boxes", self.boxes)):
            if values and len(values) != length:
                yield f"`{name}` has {len(values)} values for {length} positions."
        for rule in self.rules:
            yield from (f"{type(rule).__name__}: {problem}" for problem in rule.problems(vocabulary, length))


def token_board(description: Description) -> Board:
    """The board of a task that describes none: a grid of token names. A token of one character is typed by it, others by name."""
    names = description.token_names or tuple(map(str, range(description.vocab_size)))
    shared = {name for name in names if names.count(name) > 1}
    looks = (
        TokenLook(text=name[:LONGEST_TEXT], name=name, keys=name if len(name) == 1 and name not in shared else "")
        for name in names
    )
    grid = description.structure.grid
    columns = grid[1] if grid else min(description.seq_len, LONGEST_LINE)
    return Board(looks=tuple(looks), columns=columns, blank=description.pad_id)


def groups_of(numbers: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """The positions of each group, from a group number for each position ``[L]``, as in `Structure.relations`."""
    groups: dict[int, list[int]] = {}
    for position, number in enumerate(numbers):
        groups.setdefault(int(number), []).append(position)
    return tuple(tuple(groups[number]) for number in sorted(groups))


def _positions(text: Text) -> list[int]:
    return [position for part in text if not isinstance(part, str) for position in part]


def _problems_of_looks(looks: Sequence[TokenLook]) -> Iterator[str]:
    typed: dict[str, int] = {}
    for token, look in enumerate(looks):
        if look.role not in get_args(Role):
            yield f"The look of token {token} has the role {look.role!r}, expected one of {', '.join(get_args(Role))}."
        if len(look.text) > LONGEST_TEXT:
            yield f"The look of token {token} has {len(look.text)} characters, a cell shows at most {LONGEST_TEXT}."
        if look.color and not COLOR.fullmatch(look.color):
            yield f"The look of token {token} has the color {look.color!r}, expected one such as '#0074d9'."
        for key in look.keys:
            if typed.setdefault(key, token) != token:
                yield f"The key {key!r} types two tokens, {typed[key]} and {token}."
