"""The 2x2x2 cube as permutations of its 24 stickers: moves, symmetries, and all states within some moves of solved.

A state is an array of 24 sticker numbers: entry i is the sticker that is now at place i. The solved cube is 0 to 23. Places
are numbered as in the common notation for facelets: faces in the order U, R, F, D, L, B, each read row by row. Sticker s has
the colour of face s // 4. The corner at the bottom, back and left never moves.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

FACES = "URFDLB"
STICKERS = 24
NORMALS = {"U": (0, 1, 0), "R": (1, 0, 0), "F": (0, 0, 1), "D": (0, -1, 0), "L": (-1, 0, 0), "B": (0, 0, -1)}
NEIGHBOURS = {  # the four corners of each face in reading order, each named by its two other faces
    "U": ("LB", "RB", "LF", "RF"),
    "R": ("UF", "UB", "DF", "DB"),
    "F": ("UL", "UR", "DL", "DR"),
    "D": ("LF", "RF", "LB", "RB"),
    "L": ("UB", "UF", "DB", "DF"),
    "B": ("UR", "UL", "DR", "DL"),
}
QUARTERS = {  # a clockwise quarter turn of each face as a rotation matrix
    "U": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
    "R": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "F": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
}
MOVES = ("U", "U2", "U'", "R", "R2", "R'", "F", "F2", "F'")
FIXED = 14  # a place of the corner that never moves


@cache
def geometry() -> tuple[IntArray, IntArray]:
    """Return the corner `[24, 3]`, with coordinates -1 and 1, and the outward normal `[24, 3]` of each place."""
    normals = np.array([NORMALS[face] for face in FACES for _ in range(4)])
    corners = [np.sum([NORMALS[f] for f in face + others], axis=0) for face in FACES for others in NEIGHBOURS[face]]
    return np.array(corners), normals


@cache
def corners() -> IntArray:
    """Return the places of each corner `[8, 3]`, that on the top or bottom first, then clockwise. The fixed one is last."""
    where, normals = geometry()
    found = []
    for place in (0, 1, 2, 3, 12, 13, 15, FIXED):
        a, b = (int(p) for p in np.flatnonzero((where == where[place]).all(axis=1)) if p != place)
        clockwise = np.linalg.det(normals[[place, a, b]]) < 0
        found.append((place, a, b) if clockwise else (place, b, a))
    return np.array(found)


def carried(matrix: IntArray, layer: npt.NDArray[np.bool_] | None = None) -> IntArray:
    """Return where a rotation or reflection takes each place `[24]`; only the places of a layer `[24]` if one is given."""
    where, normals = geometry()
    before = np.concatenate([where, normals], axis=1).tolist()
    after = np.concatenate([where @ matrix.T, normals @ matrix.T], axis=1).tolist()
    target = np.array([before.index(place) for place in after])
    return target if layer is None else np.where(layer, target, np.arange(STICKERS))


@cache
def moves() -> IntArray:
    """Return for each of the `MOVES` the place that each place receives its sticker from `[9, 24]`: `state[moves()[m]]`."""
    where, _ = geometry()
    found = []
    for face, matrix in QUARTERS.items():
        quarter = np.argsort(carried(np.array(matrix), where @ NORMALS[face] == 1))
        found += [quarter, quarter[quarter], quarter[quarter][quarter]]
    return np.array(found)


@cache
def rotations() -> IntArray:
    """Return where each of the 24 rotations of the whole cube takes each place `[24, 24]`."""
    matrices = [
        np.eye(3, dtype=int)[list(order)] * np.array(signs)
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]
    return np.array([carried(matrix) for matrix in matrices if round(np.linalg.det(matrix)) == 1])


@cache
def symmetries() -> IntArray:
    """Return where each of the six symmetries that keep the fixed corner takes each place `[6, 24]`. The first is none."""
    return np.array([carried(np.eye(3, dtype=int)[list(order)]) for order in permutations(range(3))])


def images(states: IntArray) -> IntArray:
    """Return the twelve images `[N, 12, 24]` of states `[N, 24]` that are equally far from the solved cube.

    These are the six symmetric ones, and those of the inverse state, which the reversed and inverted moves lead to.
    """
    return np.stack(
        [symmetric(each, number) for each in (states, np.argsort(states, axis=1)) for number in range(6)], axis=1
    )


def symmetric(states: IntArray, number: int, places: IntArray | slice = slice(None)) -> IntArray:
    """Return states `[N, 24]` as one of the `symmetries` shows them, at all places or some."""
    to = symmetries()[number]
    shown: IntArray = to[states[:, np.argsort(to)[places]]]
    return shown


def original(form: IntArray, number: int) -> IntArray:
    """Return the state `[24]` of which a form `[24]` is the image with this number."""
    to = symmetries()[number % 6]
    state = np.argsort(to)[form[to]]
    return np.argsort(state) if number >= 6 else state


def keys(states: IntArray) -> IntArray:
    """Return a number for each state `[..., 24]`, different for different states."""
    return _number(states[..., corners()[:6, 0]])  # the seventh corner follows from these


def _number(stickers: IntArray) -> IntArray:
    number: IntArray = stickers @ (STICKERS ** np.arange(6))
    return number


def canonical(states: IntArray) -> tuple[IntArray, IntArray]:
    """Return the image with the smallest key of states `[N, 24]`, and its number `[N]`."""
    both = states, np.argsort(states, axis=1)
    choices = [_number(symmetric(both[number // 6], number % 6, corners()[:6, 0])) for number in range(12)]
    best = np.argmin(choices, axis=0)
    forms = states.copy()
    for number in range(12):
        forms[best == number] = symmetric(both[number // 6][best == number], number % 6)
    return forms, best


@cache
def ball(depth: int) -> tuple[IntArray, IntArray]:
    """Return all states within `depth` moves of the solved cube `[N, 24]`, nearest first, and their distances `[N]`."""
    layers = [np.arange(STICKERS)[None]]
    known = keys(layers[0])
    for _ in range(depth):
        near = layers[-1][:, moves()].reshape(-1, STICKERS)
        numbers, first = np.unique(keys(near), return_index=True)
        fresh = ~np.isin(numbers, known)
        layers.append(near[first[fresh]])
        known = np.concatenate([known, numbers[fresh]])
    return np.concatenate(layers), np.repeat(np.arange(depth + 1), [len(layer) for layer in layers])


@cache
def table(depth: int) -> tuple[IntArray, IntArray]:
    """Return the sorted keys of all states within `depth` moves of the solved cube, and their distances."""
    states, distances = ball(depth)
    order = np.argsort(keys(states))
    return keys(states)[order], distances[order]


def distance(states: IntArray, depth: int) -> IntArray:
    """Return the fewest moves that solve each state `[..., 24]`; depth + 1 if it needs more than `depth`."""
    known, distances = table(depth)
    number = keys(states)
    place = np.searchsorted(known, number).clip(max=len(known) - 1)
    found: IntArray = np.where(known[place] == number, distances[place], depth + 1)
    return found
