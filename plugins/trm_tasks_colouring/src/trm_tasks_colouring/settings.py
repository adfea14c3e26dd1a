"""The settings of the task, its tokens, and puzzles as rows of integers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm import PuzzleStructure, Structure
from trm.data import Description, Edge, Graph, IntArray

MOST_NODES = 500
DEGREES = {3: 4.5, 4: 8.4}
"""The mean degree near which random graphs stop being colourable, for each number of colours."""


class Config(BaseModel):
    """Settings of the task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    colours: int = Field(3, description="number of colours", ge=3, le=4)
    nodes: int = Field(40, description="most nodes of a graph", ge=8, le=MOST_NODES)
    fewest: int = Field(20, description="fewest nodes of a graph", ge=8, le=MOST_NODES)
    degree: float | None = Field(
        None,
        description="mean degree; default: 4.5 for three colours, 8.4 for four, where colouring is hard",
        gt=0,
        le=50,
    )
    edges: int | None = Field(
        None, description="most edges that a puzzle can have; default: as many as are generated", ge=1, le=124_750
    )
    train_puzzles: int = Field(20_000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(1_000, description="number of test puzzles, and of validation puzzles", ge=1)

    @model_validator(mode="after")
    def _sizes_fit(self) -> Config:
        if self.fewest > self.nodes:
            raise ValueError(
                f"fewest={self.fewest} is more than nodes={self.nodes}. Set task.fewest and task.nodes together."
            )
        return self

    @property
    def room(self) -> int:
        """The most edges of a puzzle, each counted once."""
        return self.edges or self.edges_of(self.nodes)

    def edges_of(self, nodes: int) -> int:
        """The number of edges of a generated graph."""
        return min(round(nodes * (self.degree or DEGREES[self.colours]) / 2), nodes * (nodes - 1) // 2)


def describe(config: Config) -> Description:
    """Return vocabulary, length and structure. Token 0 is a node without a colour, token c is colour c."""
    colours = list(range(1, config.colours + 1))
    structure = Structure(
        interchangeable=colours, per_puzzle=PuzzleStructure(edges=["edge"], max_edges=2 * config.room)
    )
    return Description(
        vocab_size=config.colours + 1,
        seq_len=config.nodes,
        token_names=(".", *map(str, colours)),
        structure=structure,
        fixed_tokens=tuple(colours),
    )


def make_row(config: Config, tokens: IntArray, edges: Sequence[Sequence[int]] | IntArray) -> IntArray:
    """Return the row `[W]` of a puzzle with the tokens `[nodes]` and the edges `[E, 2]`, each of them once.

    The edges are sorted, so that equal puzzles have equal rows.
    """
    pairs = sorted((int(first), int(second)) for first, second in edges)
    both = (Edge("edge", *ends) for pair in pairs for ends in (pair, pair[::-1]))
    return describe(config).row(np.asarray(tokens), Graph(size=len(tokens), edges=tuple(both)))


def unpack(row: IntArray, config: Config) -> tuple[IntArray, IntArray]:
    """Return the tokens `[nodes]` of a row, and its edges `[E, 2]`, each once with the smaller node first."""
    tokens, graph = describe(config).unpack(row)
    pairs = sorted({(min(edge.source, edge.target), max(edge.source, edge.target)) for edge in graph.edges})
    return tokens, np.array(pairs, dtype=np.int64).reshape(-1, 2)
