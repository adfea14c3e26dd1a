"""Random puzzles with structure of every kind, and a small task whose puzzles are trees."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from trm import PuzzleStructure, Structure
from trm.data import Description, Edge, Graph, Group, IntArray, PuzzleSet
from trm.errors import PuzzleError
from trm.specs import DatasetSpec, PresetSpec, TaskSpec

EVERYTHING = PuzzleStructure(
    edges=["less", "near"],
    groups=["cage", "line"],
    ordered=["line"],
    position_numbers={"weight": 3},
    edge_numbers={"length": 9, "cost": 2},
    group_numbers={"sum": 45},
    max_edges=8,
    max_groups=5,
    max_members=15,
)
VOCABULARY = 5


def described(length: int, structure: PuzzleStructure = EVERYTHING, symbols: tuple[int, ...] = ()) -> Description:
    """The description of puzzles of at most `length` positions."""
    whole = Structure(per_puzzle=structure, interchangeable=list(symbols))
    return Description(vocab_size=VOCABULARY, seq_len=length, structure=whole)


@st.composite
def graphs(draw: st.DrawFn, most: int = 6) -> Graph:
    """Graphs with all that `EVERYTHING` allows."""
    size = draw(st.integers(1, most))
    place = st.integers(0, size - 1)
    pair = st.tuples(st.integers(-9, 9), st.integers(-2, 2))
    edge = st.builds(Edge, st.sampled_from(EVERYTHING.edges), place, place, pair)
    members = st.lists(place, max_size=3, unique=True).map(tuple)
    group = st.builds(Group, st.sampled_from(EVERYTHING.groups), members, st.tuples(st.integers(-45, 45)))
    numbers = st.lists(st.tuples(st.integers(-3, 3)), min_size=size, max_size=size)
    edges, groups = draw(st.lists(edge, max_size=8)), draw(st.lists(group, max_size=5))
    return Graph(size, tuple(edges), tuple(groups), tuple(draw(numbers)))


def permuted(graph: Graph, order: Sequence[int]) -> Graph:
    """The same puzzle with its positions in another order: position i of the result is `order[i]` of this one."""
    place = {old: new for new, old in enumerate(order)}
    return Graph(
        graph.size,
        tuple(edge._replace(source=place[edge.source], target=place[edge.target]) for edge in graph.edges),
        tuple(group._replace(members=tuple(place[member] for member in group.members)) for group in graph.groups),
        tuple(graph.numbers[old] for old in order) if graph.numbers else (),
    )


@st.composite
def rows(draw: st.DrawFn, description: Description) -> IntArray:
    """Rows ``[W]`` of puzzles with random tokens."""
    graph = draw(graphs(description.seq_len))
    tokens = draw(st.lists(st.integers(0, VOCABULARY - 1), min_size=graph.size, max_size=graph.size))
    return description.row(np.array(tokens), graph)


class Trees(BaseModel):
    """Settings of the task of trees."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    nodes: int = Field(8, description="most nodes of a tree", ge=2)


BLANK = 2
"""The token of a node whose colour, 0 or 1, is to be found."""


def describe(config: Trees) -> Description:
    """Trees of at most `nodes` nodes, with an edge in each direction between neighbours."""
    own = PuzzleStructure(edges=["beside"], max_edges=2 * config.nodes - 2)
    return Description(vocab_size=3, seq_len=config.nodes, pad_id=BLANK, structure=Structure(per_puzzle=own))


def tree(parents: list[int]) -> Graph:
    """The tree in which node i + 1 hangs on node `parents[i]`."""
    pairs = [pair for child, parent in enumerate(parents, start=1) for pair in ((child, parent), (parent, child))]
    return Graph(len(parents) + 1, tuple(Edge("beside", *pair) for pair in pairs))


def build(config: Trees, split: str, seed: int) -> PuzzleSet:
    """Trees with the colour of one node given. Neighbours have different colours, so that the others follow."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    description, puzzles, answers = describe(config), [], []
    count = 400 if split == "train" else 100
    while len(puzzles) < count:
        size = int(rng.integers(2, config.nodes + 1))
        parents = [int(rng.integers(node)) for node in range(1, size)]
        if (zlib.crc32(bytes(parents)) % 4 == 0) != (split == "test"):
            continue  # a tree is in one of the splits only
        colours = [int(rng.integers(2))]
        for parent in parents:
            colours.append(1 - colours[parent])
        given = rng.integers(size)
        tokens = np.where(np.arange(size) == given, colours, BLANK)
        puzzles.append(description.row(tokens, tree(parents)))
        answers.append(np.array(colours))
    return PuzzleSet.padded(puzzles, answers, description)


def parse(text: str, config: Trees) -> list[IntArray]:
    """Read trees such as ``01:?0?``: the parents of the nodes but the first, and the colours of all."""
    description = describe(config)
    found = []
    for line in text.split():
        parents, _, colours = line.partition(":")
        if set(parents) - set("0123456789") or set(colours) - set("01?") or len(colours) != len(parents) + 1:
            raise PuzzleError(f"{line!r} is not a tree.")
        tokens = np.array(["01?".index(colour) for colour in colours])
        found.append(description.row(tokens, tree([int(parent) for parent in parents])))
    return found


def write(tokens: IntArray, config: Trees) -> str:
    """Write a tree as `parse` reads it."""
    own, graph = describe(config).unpack(tokens)
    colours = "".join("01?"[token] for token in own)
    return "".join(str(edge.target) for edge in graph.edges[::2]) + ":" + colours


def check(inputs: IntArray, answer: IntArray, config: Trees) -> str | None:
    """What is wrong with the colours of a tree."""
    given, graph = describe(config).unpack(inputs)
    if any(answer[edge.source] == answer[edge.target] for edge in graph.edges):
        return "Two neighbours have the same colour."
    return None if (answer[given != BLANK] == given[given != BLANK]).all() else "A given colour is changed."


TREES = TaskSpec(
    name="trees",
    summary="two colours for the nodes of a tree",
    config=Trees,
    describe=describe,
    dataset=DatasetSpec(name="random", summary="random trees", build=build),
    presets=(
        PresetSpec(
            name="quick",
            summary="up to 8 nodes",
            model={
                "mixing": "relational",
                "hidden_dim": 16,
                "mlp_multiple_of": 16,
                "n_recursions": 4,
                "T_steps": 1,
                "n_supervision": 4,
            },
            training={"batch_size": 32, "max_steps": 250, "learning_rate": 3e-3, "ema_decay": 0.95},
        ),
    ),
    parse=parse,
    format=write,
    check=check,
)
