"""What a renderer must offer."""

from __future__ import annotations

from typing import Protocol

from rich.console import RenderableType

from trm.data.puzzle_set import IntArray


class Renderer(Protocol):
    """Shows a puzzle. It is pure: the same arguments give the same picture, and nothing else is read or changed."""

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        """A puzzle ``[L]`` as a Rich renderable of at most 80 columns.

        Args:
            inputs: the puzzle.
            prediction: an answer to show with it.
            target: the right answer; where the prediction differs, the cell is marked as wrong by more than colour.
        """
        ...
