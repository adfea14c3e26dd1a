"""What a network was given about the structure of its puzzles, in one sentence, which belongs to every score of it."""

from __future__ import annotations

from collections.abc import Sequence

from trm.config import TRMConfig


def given_structure(config: TRMConfig) -> str:
    """One sentence on the structure that a network was given, and whether its scores can be compared with the paper's."""
    if not config.mixer.structured:
        return "The network was given no structure of the puzzle, like the paper's."
    structure = config.structure
    parts = []
    if structure.relations:
        parts.append(f"which cells share a {_listed(list(structure.relations), 'or')}")
    if structure.neighbours:
        parts.append("which cells are neighbours")
    if structure.interchangeable and config.per_symbol:
        parts.append("which symbols can be exchanged for each other")
    given = _listed(parts, "and") if parts else "no structure"
    return (
        f"The network was given {given}. The paper's networks have to learn that, so its scores are not comparable with "
        "the paper's."
    )


def _listed(words: Sequence[str], last: str) -> str:
    *before, final = words
    return f"{', '.join(before)} {last} {final}" if before else final
