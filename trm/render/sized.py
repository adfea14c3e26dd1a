"""`SizedRenderer`: what a renderer is given where puzzles have sizes of their own."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import RenderableType

from trm.data.puzzle_set import Description, IntArray
from trm.render.renderer import Renderer


@dataclass(frozen=True)
class SizedRenderer:
    """Passes answers to a renderer without their padding, so that it needs no sizes.

    Attributes:
        renderer: the renderer.
        description: of the puzzles.
    """

    renderer: Renderer
    description: Description

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        """Render a row ``[W]`` and answers ``[L]``."""
        real = self.description.real(inputs)
        shown, right = (None if tokens is None else tokens[real] for tokens in (prediction, target))
        return self.renderer.render(inputs, shown, right)


def sized(renderer: Renderer, description: Description) -> Renderer:
    """The renderer itself where all puzzles have the same size."""
    return renderer if description.structure.per_puzzle is None else SizedRenderer(renderer, description)
