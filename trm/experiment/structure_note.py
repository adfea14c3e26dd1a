"""What a network is given of the structure of its puzzles, in words: it belongs beside every score."""

from __future__ import annotations

from trm.config import Structure, TRMConfig
from trm.words import counted


def structure_note(config: TRMConfig) -> str:
    """What a network is given of the structure of its puzzles, and what its scores can be compared with."""
    if not config.mixer.structured:
        return (
            "The network is not given the structure of the puzzle: it learns from the examples which positions belong "
            "together."
        )
    return (
        f"The network is given the structure of the puzzle: {'; '.join(_given(config)) or 'none is declared by the task'}. "
        "Compare it with networks that are given the same. The paper's networks are not."
    )


def _given(config: TRMConfig) -> list[str]:
    given = _of_grid(config) if config.mixer.name == "grid" else _of_relations(config.structure)
    if config.per_symbol:
        given.append(f"that {len(config.structure.interchangeable)} tokens can be interchanged")
    return given


def _of_grid(config: TRMConfig) -> list[str]:
    given = ["the row and the column of each position"]
    if config.mixing_options.get("numbers") == "differences":
        given.append("that every part of the grid is alike")
    return given


def _of_relations(structure: Structure) -> list[str]:
    given = [f"which positions share a {name.replace('_', ' ')}" for name in structure.relations]
    if structure.grid is not None and structure.neighbours:
        rows, columns = structure.grid
        given.append(
            f"the positions on a grid of {rows} x {columns} and {counted(len(structure.neighbours), 'neighbour')} of each"
        )
    if structure.per_puzzle is not None:
        given.append("the structure that each puzzle has of its own")
    return given
