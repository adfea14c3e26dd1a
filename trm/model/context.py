"""`Context`: what the layers are given besides the state."""

from __future__ import annotations

from typing import NamedTuple

from trm.model.links import Links
from trm.model.positions import Rotary


class Context(NamedTuple):
    """What holds for all layers and cycles of a batch.

    Attributes:
        rotary: the tables of rotary positions, or None with other positions.
        links: the structure of each puzzle's own, or None where puzzles have none.
    """

    rotary: Rotary = None
    links: Links | None = None
