"""A table of runs: for a terminal of any width, as Markdown, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from trm.errors import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes:
        name: the header.
        values: one text per row.
        number: whether the texts are aligned on the right.
        needed: whether the sheet makes no sense without it. Other columns are left out where there is no room.
    """

    name: str
    values: Sequence[str]
    number: bool = False
    needed: bool = True

    @property
    def cells(self) -> list[str]:
        """The values without characters that could control a terminal."""
        return [printable(value) for value in self.values]

    @property
    def width(self) -> int:
        return max(map(cell_len, [self.name, *self.cells]))


def fitted(columns: Sequence[Column], width: int) -> list[RenderableType]:
    """The columns for a terminal: side by side, without the optional ones that there is no room for.

    Where the needed columns are too wide together, the table is transposed; where that is too wide, too, each row becomes
    a paragraph. A number is never folded.
    """
    from rich.text import Text

    shown = list(columns)
    while width_of(shown) > width:
        optional = [column for column in shown if not column.needed]
        if not optional:
            turned = _transposed(columns)
            return [side_by_side(turned) if width_of(turned) <= width else paragraphs(columns)]
        shown.remove(optional[-1])
    left_out = [column.name for column in columns if column not in shown]
    note = f"Not shown for lack of room: {', '.join(left_out)}. --json, --csv and --markdown have all columns."
    return [side_by_side(shown), *([Text(note, style="dim")] if left_out else [])]


def width_of(columns: Sequence[Column]) -> int:
    """The width of the columns side by side."""
    return sum(column.width + GAP for column in columns) - GAP


def side_by_side(columns: Sequence[Column]) -> Table:
    """A table of the columns whose cells are never folded."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    for column in columns:
        table.add_column(Text(column.name), justify="right" if column.number else "left", no_wrap=True)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table


def _transposed(columns: Sequence[Column]) -> list[Column]:
    first, *others = columns
    rows = zip(*(column.values for column in others), strict=True)
    return [
        Column(first.name, [column.name for column in others]),
        *(Column(title, row) for title, row in zip(first.values, rows, strict=True)),
    ]


def paragraphs(columns: Sequence[Column]) -> RenderableType:
    """Each row as a paragraph: the first column as its title, the others as lines."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    first, *others = columns
    parts: list[RenderableType] = []
    for index, title in enumerate(first.values):
        parts.append(Text(("\n" if index else "") + title, style="bold"))
        for column in others:
            if column.values[index]:
                line = Text.assemble((f"{column.name}: ", "dim"), column.values[index])
                parts.append(Padding(line, (0, 0, 0, 2), expand=False))
    return Group(*parts)


def markdown(columns: Sequence[Column]) -> str:
    """The columns as a Markdown table."""
    lines = [
        [column.name for column in columns],
        ["---:" if column.number else "---" for column in columns],
        *zip(*(column.cells for column in columns), strict=True),
    ]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, with a column for each key of any row; None is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it: "45 s", "12.3 min", "2.1 h"; empty for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def percent(share: float | None) -> str:
    """A share as "96.80%"; empty for None."""
    return "" if share is None else f"{share:.2%}"
