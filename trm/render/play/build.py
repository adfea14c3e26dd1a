"""Building a playable page: the network, the board and the scripts in one HTML file that loads nothing.

All text from tasks and users reaches the page as escaped HTML or as JSON that the scripts show by `textContent`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from trm.data.puzzle_set import Description, IntArray
from trm.errors import UsageError
from trm.render.play.board import Board
from trm.render.play.network import engine_source

LIMIT = 2_000_000
"""Bytes of a page."""

SCRIPTS = ("rules.js", "reader.js", "board_view.js", "figures.js", "run.js", "page.js")
"""The scripts of the page, in the order in which they run."""

PAPER = "https://arxiv.org/abs/2510.04871"


@dataclass(frozen=True)
class PlayExample:
    """A puzzle to load.

    Attributes:
        level: "easy", "medium", "hard" or "unsolved".
        inputs: tokens ``[L]``.
        labels: the right answer ``[L]``, -100 where not scored; None if it is unknown.
        solved_at: the supervision step from which the network's answer stays right; None if there is none.
        puzzle_id: its row in the puzzle embedding.
    """

    level: str
    inputs: IntArray
    labels: IntArray | None
    solved_at: int | None
    puzzle_id: int = 0


@dataclass(frozen=True)
class PlayPage:
    """What a page is made of.

    Attributes:
        title: its heading.
        lead: a sentence below it.
        board: how puzzles are drawn and edited.
        description: their size, and the positions that an answer keeps.
        network: from `trm.render.play.network.network_data`.
        steps: supervision steps that a reader can change.
        examples: puzzles to load, from easy to hard. Default: none.
        puzzle: tokens ``[L]`` of the puzzle that the page opens with. Default: the first example.
        notes: the paragraphs of the footer.
    """

    title: str
    lead: str
    board: Board
    description: Description
    network: Mapping[str, Any]
    steps: int
    examples: Sequence[PlayExample] = ()
    puzzle: IntArray | None = None
    notes: Sequence[str] = ()

    def html(self) -> str:
        """The page.

        Raises:
            UsageError: it would be larger than 2 MB.
        """
        page = _fill(
            title=html.escape(self.title),
            lead=html.escape(self.lead),
            puzzle=html.escape(self.board.puzzle),
            steps=str(self.steps),
            footer="\n".join(self._footer()),
            css=_read("page.css"),
            script="\n".join(_read(name) for name in SCRIPTS),
            data=json.dumps(self._data(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        )
        size = len(page.encode())
        if size > LIMIT:
            raise UsageError(
                f"The page would have {size / 1e6:.1f} MB, more than {LIMIT / 1e6:.0f}: the network is too large for a page. "
                "Choose a checkpoint with fewer parameters."
            )
        return page

    def _data(self) -> dict[str, Any]:
        fixed = {"fixed": self.description.fixed, "fixed_tokens": self.description.fixed_tokens}
        board = {**self.board.as_json(), **fixed, "length": self.description.seq_len}
        board["hint"] = self.board.hint or _hint(self.board)
        return {
            "board": board,
            "network": self.network,
            "worker": "\n".join((engine_source(), _read("rules.js"), _read("worker.js"))),
            "steps": self.steps,
            "examples": [
                {
                    "level": example.level,
                    "inputs": example.inputs.tolist(),
                    "labels": None if example.labels is None else example.labels.tolist(),
                    "solved_at": example.solved_at,
                    "puzzle_id": example.puzzle_id,
                }
                for example in self.examples
            ],
            "puzzle": None if self.puzzle is None else self.puzzle.tolist(),
        }

    def _footer(self) -> Iterator[str]:
        for note in self.notes:
            yield f"<p>{html.escape(note)}</p>"
        yield (
            "<p>The network is a Tiny Recursive Model: it runs the same small network many times and refines its answer "
            f'(<a href="{PAPER}" rel="noreferrer">Less is More: Recursive Reasoning with Tiny Networks</a>, '
            "A. Jolicoeur-Martineau, 2025).</p>"
        )


@dataclass(frozen=True)
class GalleryEntry:
    """A page of the gallery.

    Attributes:
        file: its name beside the index.
        title: what it is called.
        summary: one sentence.
    """

    file: str
    title: str
    summary: str


def gallery_index(entries: Sequence[GalleryEntry]) -> str:
    """An HTML page with a link to each entry."""
    items = "\n".join(
        f'<li><a href="{html.escape(entry.file, quote=True)}">{html.escape(entry.title)}</a>'
        f"<p>{html.escape(entry.summary)}</p></li>"
        for entry in entries
    )
    return _fill("gallery.html", css=_read("page.css"), items=items, paper=PAPER)


def _hint(board: Board) -> str:
    """How a puzzle is entered, where the board does not say so itself."""
    if board.tools:
        return f"Choose a tool and draw on the board, or paste a {board.puzzle}."
    return f"Type into the cells, or paste a {board.puzzle}."


def _read(name: str) -> str:
    return resources.files("trm.render.play").joinpath(name).read_text("utf-8")


def _fill(template: str = "page.html", /, **parts: str) -> str:
    """Fill a template in a single pass, so that text inside a part is never replaced as a placeholder."""
    pieces = _read(template).split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)
