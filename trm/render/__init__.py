"""Showing puzzles, answers and refinements.

Names are imported on first use, because `trm list-tasks` needs the console and neither numpy nor pydantic.

`Renderer`: the protocol. `TokenRenderer`: shows any task by the names of its tokens. `Board`: how the page of `trm play` draws
and edits puzzles, with `TokenLook` and the rules `Distinct`, `Same`, `Given`, `Count`, `Sum`, `Way` and `Equation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.render.play.board import Board as Board
    from trm.render.play.board import TokenLook as TokenLook
    from trm.render.play.board import groups_of as groups_of
    from trm.render.play.board import token_board as token_board
    from trm.render.play.rules import Count as Count
    from trm.render.play.rules import Distinct as Distinct
    from trm.render.play.rules import Equation as Equation
    from trm.render.play.rules import Given as Given
    from trm.render.play.rules import Same as Same
    from trm.render.play.rules import Sum as Sum
    from trm.render.play.rules import Way as Way
    from trm.render.renderer import Renderer as Renderer
    from trm.render.tokens import TokenRenderer as TokenRenderer

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Renderer": "trm.render.renderer",
        "TokenRenderer": "trm.render.tokens",
        **dict.fromkeys(("Board", "TokenLook", "groups_of", "token_board"), "trm.render.play.board"),
        **dict.fromkeys(("Count", "Distinct", "Equation", "Given", "Same", "Sum", "Way"), "trm.render.play.rules"),
    },
)
