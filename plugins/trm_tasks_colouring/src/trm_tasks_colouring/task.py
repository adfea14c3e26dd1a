"""Graph colouring: neighbours have different colours. Some nodes are given, and one colouring is left."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from trm.data import IntArray, PuzzleSet, parts, progress
from trm.errors import UsageError
from trm.evaluation import ValidAnswers

from . import graphs, search
from .settings import Config, describe, make_row, unpack

TRIES = 2_000  # graphs drawn for one puzzle before giving up
CHOICES = 2_000  # of the search that colours a plain graph; harder graphs are left out
BLOCK = 200  # puzzles that are generated and kept on disk together
SPLITS = ("train", "test", "validation")
Drawn = tuple[IntArray, IntArray, IntArray]
"""Edges `[E, 2]`, tokens of the puzzle and of its answer `[nodes]`."""


def split_of(key: int) -> str:
    """Return the split of a graph: one eighth of all keys belong to the test, another one to the validation."""
    return {0: "test", 1: "validation"}.get(zlib.crc32(key.to_bytes(8, "little")) % 8, "train")


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate graphs of which some nodes are given, as few as leave one colouring."""
    return generate(config, split, seed, draw_extension)


def build_plain(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate colourable graphs of which only a triangle or an edge is given. They have many colourings."""
    return generate(config, split, seed, draw_plain)


def generate(
    config: Config, split: str, seed: int, draw: Callable[[Config, np.random.Generator, str], Drawn]
) -> PuzzleSet:
    """Draw as many puzzles as a split has. The graph decides the split, however its nodes are numbered.

    Raises:
        UsageError: the settings leave too little room for edges, or too few graphs.
    """
    if config.room < config.edges_of(config.nodes):
        raise UsageError(
            f"task.edges={config.edges} is less than the {config.edges_of(config.nodes)} edges of a generated graph. "
            "Increase it, or omit it."
        )
    count = config.train_puzzles if split == "train" else config.test_puzzles

    def block(number: int) -> dict[str, IntArray]:
        rng = np.random.default_rng(np.random.SeedSequence([seed, SPLITS.index(split), number]))
        drawn = [draw(config, rng, split) for _ in range(BLOCK)]
        rows = [make_row(config, tokens, edges) for edges, tokens, _ in drawn]
        puzzles = PuzzleSet.padded(rows, [answer for *_, answer in drawn], describe(config))
        return {"inputs": puzzles.inputs, "labels": puzzles.labels}

    arrays = []
    with progress(f"Making {split} puzzles", count) as advance:
        for _, part in zip(range(0, count, BLOCK), parts("graphs", block), strict=False):
            arrays.append(part.arrays)
            advance(BLOCK, found=part.found)
    inputs, labels = (np.concatenate([part[name] for part in arrays])[:count] for name in ("inputs", "labels"))
    return PuzzleSet(inputs, labels, describe(config))


def draw_extension(config: Config, rng: np.random.Generator, split: str) -> Drawn:
    """Draw a graph around a colouring, and drop given nodes in random order while one colouring is left."""
    for _ in range(TRIES):
        nodes = int(rng.integers(config.fewest, config.nodes + 1))
        edges, answer = graphs.planted(rng, nodes, config.edges_of(nodes), config.colours)
        if split_of(graphs.key(edges, nodes)) == split:
            order = rng.permutation(nodes).tolist()
            given = search.dig(graphs.neighbours(edges, nodes), answer.tolist(), order, config.colours)
            return edges, np.where(given, answer, 0), answer
    raise too_few_graphs(config, split)


def draw_plain(config: Config, rng: np.random.Generator, split: str) -> Drawn:
    """Draw a random graph that a search can colour. The label is the colouring that the search finds."""
    for _ in range(TRIES):
        nodes = int(rng.integers(config.fewest, config.nodes + 1))
        edges = graphs.uniform(rng, nodes, config.edges_of(nodes))
        if split_of(graphs.key(edges, nodes)) == split:
            tokens = graphs.anchored(edges, nodes)
            try:
                answer = search.colouring(graphs.neighbours(edges, nodes), options_of(tokens, config), CHOICES)
            except search.TooHard:
                continue
            if answer is not None:
                return edges, tokens, np.array(answer)
    raise too_few_graphs(config, split)


def too_few_graphs(config: Config, split: str) -> UsageError:
    edges = config.edges_of(config.nodes)
    return UsageError(
        f"None of {TRIES} random graphs with {config.nodes} nodes and {edges} edges, or of the same density, is a "
        f"puzzle of the {split} split. Lower task.degree, or increase task.nodes."
    )


def options_of(tokens: IntArray, config: Config) -> list[int]:
    """Return the colours that each node of a puzzle may have, as bits."""
    every = (1 << config.colours) - 1
    return [1 << token - 1 if token else every for token in tokens.tolist()]


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return a number `[N]` for each puzzle that its graph has, however nodes are numbered and whichever are given."""
    return np.array([key_of(row, config) for row in inputs], dtype=np.uint64)


def key_of(row: IntArray, config: Config) -> int:
    """Return the key of a puzzle's graph."""
    tokens, edges = unpack(row, config)
    return graphs.key(edges, len(tokens))


class Valid(ValidAnswers):
    """The share of answers that are colourings and keep the given nodes, whether or not they are the label."""

    def is_valid(self, inputs: IntArray, answer: IntArray) -> bool:
        return check(inputs, answer, self.config) is None


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer, in one sentence; None if it is a colouring that keeps the given nodes."""
    tokens, edges = unpack(inputs, config)
    for node, (token, colour) in enumerate(zip(tokens, answer, strict=False), start=1):
        if not 1 <= colour <= config.colours:
            return f"Node {node} has no colour."
        if token not in (0, colour):
            return f"Node {node} is given colour {token} and has {colour}."
    wrong = edges[answer[edges[:, 0]] == answer[edges[:, 1]]] + 1
    if not len(wrong):
        return None
    if len(wrong) == 1:
        return f"The edge {wrong[0, 0]}-{wrong[0, 1]} joins two nodes of one colour."
    return f"{len(wrong)} edges join two nodes of one colour, such as {wrong[0, 0]}-{wrong[0, 1]}."


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return why a puzzle has no colouring; None if it has one, or several, or if that takes long to find out."""
    tokens, edges = unpack(inputs, config)
    for first, second in edges.tolist():
        if tokens[first] and tokens[first] == tokens[second]:
            return f"The edge {first + 1}-{second + 1} joins two nodes that are given colour {tokens[first]}."
    try:
        found = search.colouring(graphs.neighbours(edges, len(tokens)), options_of(tokens, config), limit=20_000)
    except search.TooHard:
        return None
    given = " that keeps the given nodes" if tokens.any() else ""
    return None if found else f"The graph has no colouring with {config.colours} colours{given}."
