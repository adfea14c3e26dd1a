"""`Renderer`: the protocol of a renderer."""

from __future__ import annotations

from typing import Protocol

from rich.console import RenderableType

from trm.data.puzzle_set import IntArray


class Renderer(Protocol):
    """Shows a puzzle. Rendering is pure: the same arguments give the same picture, and nothing else is read or changed."""

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        """Render a puzzle as a Rich renderable of at most 80 columns.

        Args:
            inputs: tokens of the puzzle ``[L]``, or its row ``[W]`` where puzzles have a structure of their own.
            prediction: tokens of an answer ``[L]``; where puzzles have sizes of their own, without padding. Default: show
                the puzzle alone.
            target: tokens of the right answer ``[L]``. Cells where the prediction differs are marked as wrong, not by colour
                alone. Default: mark nothing.
        """
        ...
