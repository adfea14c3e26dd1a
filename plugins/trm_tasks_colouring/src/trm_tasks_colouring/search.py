"""Colour a graph by search: DSATUR with propagation and backtracking.

A graph is given by the neighbours of each node. The colours that a node may still have are the bits of an integer, its
*options*: bit 0 is colour 1.
"""

from __future__ import annotations

from collections.abc import Sequence

Neighbours = Sequence[Sequence[int]]


class TooHard(Exception):
    """The search took more steps than allowed."""


def colouring(neighbours: Neighbours, options: Sequence[int], limit: int = 200_000) -> list[int] | None:
    """Find a colouring in which each node has one of its options and no edge joins two nodes of one colour.

    Args:
        neighbours: the neighbours of each node.
        options: the colours that each node may have, as bits.
        limit: most choices that the search tries.

    Returns:
        The colour of each node, from 1; None if there is no such colouring.

    Raises:
        TooHard: the limit was reached.
    """
    start = list(options)
    if not narrow(neighbours, start, [node for node, bits in enumerate(start) if not bits & (bits - 1)]):
        return None
    stack = [start]
    while stack:
        current = stack.pop()
        node = hardest(neighbours, current)
        if node is None:
            return [bits.bit_length() for bits in current]
        limit -= 1
        if limit < 0:
            raise TooHard
        for bit in best_last(neighbours, current, node):
            tried = current.copy()
            tried[node] = bit
            if narrow(neighbours, tried, [node]):
                stack.append(tried)
    return None


def narrow(neighbours: Neighbours, options: list[int], settled: list[int]) -> bool:
    """Remove the colours of settled nodes from their neighbours, and so on for every node that becomes settled.

    Returns:
        Whether every node has an option left. If not, `options` is unfinished.
    """
    if not all(options[node] for node in settled):
        return False
    while settled:
        node = settled.pop()
        bit = options[node]
        for other in neighbours[node]:
            left = options[other]
            if left & bit:
                left ^= bit
                if not left:
                    return False
                options[other] = left
                if not left & (left - 1):
                    settled.append(other)
    return True


def hardest(neighbours: Neighbours, options: Sequence[int]) -> int | None:
    """Return the open node with the fewest options and, among these, the most neighbours; None if all are settled."""
    best, best_key = None, (99, 0)
    for node, bits in enumerate(options):
        if bits & (bits - 1):
            key = (bits.bit_count(), -len(neighbours[node]))
            if key < best_key:
                best, best_key = node, key
    return best


def best_last(neighbours: Neighbours, options: Sequence[int], node: int) -> list[int]:
    """Return the options of a node as bits. The last is the one that the fewest neighbours lose."""
    bits = [1 << place for place in range(options[node].bit_length()) if options[node] >> place & 1]
    return sorted(bits, key=lambda bit: -sum(options[other] & bit > 0 for other in neighbours[node]))


def other_colouring(
    neighbours: Neighbours, answer: Sequence[int], given: Sequence[bool], colours: int
) -> list[int] | None:
    """Find a colouring other than `answer` in which the given nodes keep their colours; None if there is none.

    Raises:
        TooHard: a search reached its limit.
    """
    every = (1 << colours) - 1
    known = [1 << colour - 1 if fixed else every for colour, fixed in zip(answer, given, strict=True)]
    for node, colour in enumerate(answer):
        if not given[node]:
            options = known.copy()
            options[node] = every ^ (1 << colour - 1)
            if (found := colouring(neighbours, options)) is not None:
                return found
            known[node] = 1 << colour - 1  # every other colour has been excluded
    return None


def dig(neighbours: Neighbours, answer: Sequence[int], order: Sequence[int], colours: int) -> list[bool]:
    """Choose the given nodes: go through the nodes in an order, and drop a node if one colouring is left without it.

    Returns:
        Whether each node is given. No given node can be dropped.
    """
    every = (1 << colours) - 1
    options = [1 << colour - 1 for colour in answer]
    for node in order:
        bit = options[node]
        around = 0
        for other in neighbours[node]:
            around |= 1 << answer[other] - 1
        if around | bit != every:
            continue  # the node itself could have another colour
        options[node] = every ^ bit
        try:
            droppable = colouring(neighbours, options, limit=2_000) is None
        except TooHard:
            droppable = False
        options[node] = every if droppable else bit
    return [not bits & (bits - 1) for bits in options]
