"""A puzzle as a graph: the state and all states within two moves of it, with moves as edges.

Position 0 is the state itself, positions 1 to 9 are the states after each of the `MOVES`, and the others those after two
moves. Their numbers are the corners at the seven places that can change, in a form that is the same for the twelve images of
a state; the token of position 0 says which image the state is.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from trm import PuzzleStructure, Structure
from trm.data import Description, Edge, Graph, IntArray

from .cube import MOVES, STICKERS, canonical, corners, keys, moves, original

MOST_MOVES = 6
FAR = MOST_MOVES + 1  # the token of a state that no way of six moves leads through
IMAGES = FAR + 1  # the first of twelve tokens: which image of its canonical form the state is
AFTER = IMAGES + 12  # two tokens: after one move, after two moves
VOCABULARY = AFTER + 2
CHANGING = 7  # corners
NUMBERS = (("corner", 6), ("twist", 2))  # at each place that can change, and the largest
TOKEN_NAMES = (
    *(str(number) for number in range(FAR)),
    "far",
    *(f"image {number}" for number in range(12)),
    "after 1",
    "after 2",
)


@cache
def words() -> tuple[tuple[int, ...], ...]:
    """Return the moves that lead to each position: none, one, or two of different faces."""
    single = tuple((move,) for move in range(len(MOVES)))
    return ((), *single, *((*first, then) for first in single for (then,) in single if then // 3 != first[0] // 3))


POSITIONS = 64
DEPTHS = np.array([0] + [1] * 9 + [2] * 54)


@cache
def edges() -> tuple[Edge, ...]:
    """Return the edges: one in each direction between states that a turn of one face leads from one to the other."""
    after = np.arange(STICKERS)[None].repeat(POSITIONS, axis=0)
    for position, word in enumerate(words()):
        for move in word:
            after[position] = after[position][moves()[move]]
    places = {state.tobytes(): position for position, state in enumerate(after)}
    found = []
    for source, state in enumerate(after):
        for move, name in enumerate(MOVES):
            target = places.get(state[moves()[move]].tobytes())
            if target is not None:
                found.append(Edge("half" if name.endswith("2") else "quarter", source, target))
    return tuple(found)


@cache
def description() -> Description:
    """Return vocabulary, length and structure of the puzzles."""
    numbers = {f"{name} {place}": most for name, most in NUMBERS for place in range(1, CHANGING + 1)}
    own = PuzzleStructure(edges=["quarter", "half"], max_edges=len(edges()), position_numbers=numbers)
    return Description(VOCABULARY, POSITIONS, AFTER, TOKEN_NAMES, Structure(per_puzzle=own))


@cache
def template() -> tuple[IntArray, IntArray]:
    """Return a puzzle's row `[W]` with all numbers zero, and the columns of the numbers `[64, 14]`."""
    tokens = np.concatenate([[IMAGES], AFTER - 1 + DEPTHS[1:]])
    rows = [
        description().row(tokens, Graph(POSITIONS, edges(), numbers=((number,) * 2 * CHANGING,) * POSITIONS))
        for number in (0, 1)
    ]
    return rows[0], np.flatnonzero(rows[0] != rows[1]).reshape(POSITIONS, 2 * CHANGING)


def around(states: IntArray) -> IntArray:
    """Return the states at all positions `[N, 64, 24]` of the puzzles for some states `[N, 24]`."""
    order = np.array([_composed(word) for word in words()])
    return states[:, order]


def _composed(word: tuple[int, ...]) -> IntArray:
    order = np.arange(STICKERS)
    for move in word:
        order = order[moves()[move]]
    return order


def corner_numbers(states: IntArray) -> IntArray:
    """Return which corners are at the places that can change, then their twists `[..., 14]`."""
    number = np.full(STICKERS, -1)
    number[corners()[:CHANGING].ravel()] = np.arange(3 * CHANGING)
    found = number[states[..., corners()[:CHANGING, 0]]]
    return np.concatenate([found // 3, found % 3], axis=-1)


def from_corner_numbers(numbers: IntArray) -> IntArray:
    """Return the state `[24]` with these corners and twists `[14]`."""
    state = np.arange(STICKERS)
    for places, corner, twist in zip(corners(), numbers[:CHANGING], numbers[CHANGING:], strict=False):
        state[places] = np.roll(corners()[corner], -twist)
    return state


def rows(states: IntArray) -> IntArray:
    """Return the puzzles `[N, W]` for some states `[N, 24]`."""
    row, columns = template()
    every = around(states).reshape(-1, STICKERS)
    _, first, place = np.unique(keys(every), return_index=True, return_inverse=True)
    forms, image = canonical(every[first])
    made = row[None].repeat(len(states), axis=0)
    made[:, columns] = corner_numbers(forms)[place].reshape(len(states), POSITIONS, 2 * CHANGING)
    made[:, 0] = IMAGES + image[place[::POSITIONS]]
    return made


def state_of(row: IntArray) -> IntArray:
    """Return the state `[24]` of a puzzle's row `[W]`."""
    _, columns = template()
    return original(from_corner_numbers(row[columns[0]]), int(row[0]) - IMAGES)
