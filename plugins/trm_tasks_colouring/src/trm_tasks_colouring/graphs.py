"""Random graphs with a planted colouring, and a key that does not depend on how nodes are numbered."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray

ROUNDS = 6  # of refinement; nodes farther apart than this do not tell graphs apart


def planted(rng: np.random.Generator, nodes: int, edges: int, colours: int) -> tuple[IntArray, IntArray]:
    """Draw a graph of which a colouring is known: first the colours, equally frequent, then edges between different ones.

    Returns:
        The edges `[E, 2]`, each once with the smaller node first, and the colours `[nodes]`, from 1. There are fewer
        edges than asked for only if the graph has no room for more.
    """
    answer = rng.permutation(np.arange(nodes) % colours) + 1
    first, second = np.triu_indices(nodes, 1)
    allowed = np.flatnonzero(answer[first] != answer[second])
    chosen = rng.choice(allowed, size=min(edges, len(allowed)), replace=False)
    return np.stack([first[chosen], second[chosen]], axis=1), answer


def neighbours(edges: IntArray, nodes: int) -> list[list[int]]:
    """Return the neighbours of each node of a graph with the edges `[E, 2]`."""
    found: list[list[int]] = [[] for _ in range(nodes)]
    for first, second in edges.tolist():
        found[first].append(second)
        found[second].append(first)
    return found


def scatter(numbers: IntArray) -> IntArray:
    """Return well mixed 64-bit numbers (the finalizer of splitmix64), equal for equal ones."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: IntArray = mixed ^ (mixed >> np.uint64(31))
    return scattered


def key(edges: IntArray, nodes: int) -> int:
    """Return a number that is the same however the nodes of a graph are numbered.

    Each node starts with its degree, and several times takes up the multiset of what its neighbours have (the colour
    refinement of Weisfeiler and Leman). Graphs that this cannot tell apart have one key and come into one split, which
    does no harm.
    """
    ends = np.concatenate([edges, edges[:, ::-1]])
    with np.errstate(over="ignore"):
        names = scatter(np.bincount(ends[:, 0], minlength=nodes).astype(np.uint64))
        for _ in range(ROUNDS):
            around = np.zeros(nodes, dtype=np.uint64)
            np.add.at(around, ends[:, 0], scatter(names[ends[:, 1]]))
            names = scatter(names * np.uint64(3) + around)
        return int(scatter(names.sum(keepdims=True) + np.uint64(nodes))[0])


def uniform(rng: np.random.Generator, nodes: int, edges: int) -> IntArray:
    """Draw a graph from all graphs of so many edges. Returns the edges `[E, 2]`, with the smaller node first."""
    first, second = np.triu_indices(nodes, 1)
    chosen = rng.choice(len(first), size=min(edges, len(first)), replace=False)
    return np.stack([first[chosen], second[chosen]], axis=1)


def anchored(edges: IntArray, nodes: int) -> IntArray:
    """Give one triangle the colours 1, 2 and 3, or an edge 1 and 2 if there is no triangle, or else a node 1.

    That excludes no colouring, because the names of the colours do not matter. The triangle whose nodes have the most
    neighbours is chosen.

    Returns:
        The tokens of a puzzle `[nodes]`.
    """
    linked = np.zeros((nodes, nodes), dtype=bool)
    linked[edges[:, 0], edges[:, 1]] = linked[edges[:, 1], edges[:, 0]] = True
    degrees = linked.sum(axis=1)
    cliques = [
        (first, second, int(third))
        for first, second in edges.tolist()
        for third in np.flatnonzero(linked[first] & linked[second])
    ]
    best = max(cliques or edges.tolist() or [[0]], key=lambda clique: int(degrees[list(clique)].sum()))
    tokens = np.zeros(nodes, dtype=np.int64)
    tokens[list(best)] = range(1, len(best) + 1)
    return tokens
