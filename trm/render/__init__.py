"""Showing puzzles, answers and refinements.

Names are imported on first use, because `trm list-tasks` needs the console and neither numpy nor pydantic.

`Renderer`: the protocol. `TokenRenderer`: shows any task by the names of its tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.render.renderer import Renderer as Renderer
    from trm.render.tokens import TokenRenderer as TokenRenderer

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {"Renderer": "trm.render.renderer", "TokenRenderer": "trm.render.tokens"},
)
