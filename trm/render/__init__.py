"""Showing puzzles, answers and refinements.

`Renderer`: the protocol. `TokenRenderer`: shows any task by the names of its tokens.
"""

from trm.render.renderer import Renderer
from trm.render.tokens import TokenRenderer

__all__ = ["Renderer", "TokenRenderer"]
