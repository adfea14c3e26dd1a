"""States as text: 24 facelets, or the moves of a scramble. One state per line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from trm.data import IntArray
from trm.errors import PuzzleError

from .cube import FACES, MOVES, STICKERS, corners, moves, rotations

MOVE = re.compile(r"([A-Za-z])(2'?|['’`3]?)")
SPELLINGS = {"": "", "2": "2", "2'": "2", "'": "'", "’": "'", "`": "'", "3": "'"}
FORMS = "Write 24 letters (faces in the order URFDLB, row by row) or a scramble such as R U' F2."


def states_of(text: str) -> Iterator[IntArray | PuzzleError]:
    """Yield the state `[24]` of each line, or what is wrong with it. Empty lines are skipped."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for number, line in lines:
        try:
            yield state_of_line(line)
        except PuzzleError as error:
            yield PuzzleError(f"Line {number}: {error}") if len(lines) > 1 else error


def state_of_line(line: str) -> IntArray:
    """Read 24 facelets, or apply a scramble to the solved cube.

    Raises:
        PuzzleError: the line is neither, or not a state that moves of U, R and F can make.
    """
    return state_of_facelets("".join(line.split()).upper()) if _shows_colours(line) else state_of_scramble(line)


def _shows_colours(line: str) -> bool:
    """Whether a line seems to be meant as facelets: letters alone, as many as a cube has, or too many of a kind."""
    parts = line.upper().split()
    letters = "".join(parts)
    if not letters.isalpha() or len(letters) < len(FACES) or max(map(len, parts)) == 1:
        return False
    repeated = any(letter * 3 in part for letter in FACES for part in parts)
    return len(letters) == STICKERS or repeated or len(set(letters) & set("DLB")) > 1


def state_of_scramble(line: str) -> IntArray:
    """Return the state `[24]` after the moves of a scramble from the solved cube."""
    state = np.arange(STICKERS)
    rest = line.replace(" ", "").replace("\t", "")
    while rest:
        found = MOVE.match(rest)
        if found is None:
            raise PuzzleError(f"{rest[:12]!r} in {line[:40]!r} is not a move. {FORMS}")
        face, rest = found[1].upper(), rest[found.end() :]
        if face in "DLB":
            raise PuzzleError(
                f"The move {found[0]!r} turns the corner at the bottom, back and left, which stays in place here. Turn the "
                f"opposite face instead: {dict(zip('DLB', 'URF', strict=True))[face]} moves the same layers against each other."
            )
        if face not in "URF":
            raise PuzzleError(f"{found[0]!r} in {line[:40]!r} is not a move of a 2x2x2 cube. {FORMS}")
        state = state[moves()[MOVES.index(face + SPELLINGS[found[2]])]]
    return state


def state_of_facelets(letters: str) -> IntArray:
    """Return the state `[24]` that shows these colours.

    Raises:
        PuzzleError: a letter is no colour, a colour is not there four times, or the corners cannot be there.
    """
    for place, letter in enumerate(letters, start=1):
        if letter not in FACES:
            raise PuzzleError(f"Facelet {place} is {letter!r}. Use the letters U, R, F, D, L and B. {FORMS}")
    if len(letters) != STICKERS:
        raise PuzzleError(f"The text has {len(letters)} facelets, a cube has 24. {FORMS}")
    for face in FACES:
        if letters.count(face) != 4:
            raise PuzzleError(f"The colour {face} is there {letters.count(face)} times, expected 4 times.")
    colours = np.array([FACES.index(letter) for letter in letters])
    upright = _upright(colours)
    if (upright != colours).any():
        turned = "".join(FACES[colour] for colour in upright)
        raise PuzzleError(
            "The corner at the bottom, back and left does not have its own colours D, B and L in place. Turn the whole "
            f"cube until it has, and enter what you see then: {turned}."
        )
    return _state(colours)


def _upright(colours: IntArray) -> IntArray:
    """Return the colours `[24]` of the cube turned as a whole such that the fixed corner is in place."""
    places = corners()[-1]
    for to in rotations():
        turned = np.empty_like(colours)
        turned[to] = colours
        if (turned[places] == places // 4).all():
            return turned
    raise PuzzleError("No corner has the colours D, B and L in this order clockwise, so this is not a cube.")


def _state(colours: IntArray) -> IntArray:
    known = {tuple(np.roll(home, -turn) // 4): (home, turn) for home in corners() for turn in range(3)}
    state, twist, seen = np.arange(STICKERS), 0, dict[int, str]()
    for places in corners():
        name = "".join(FACES[place // 4] for place in places)
        shown = "".join(FACES[colour] for colour in colours[places])
        if tuple(colours[places]) not in known:
            raise PuzzleError(
                f"The corner {name} shows the colours {shown}, and no corner of a cube has these clockwise."
            )
        home, turn = known[tuple(colours[places])]
        if home[0] in seen:
            raise PuzzleError(f"The corners {seen[home[0]]} and {name} have the same colours, {shown}.")
        state[places], seen[home[0]] = np.roll(home, -turn), name
        twist += turn
    if twist % 3:
        raise PuzzleError(
            "No moves lead to this state: a corner is twisted in place. Check the colours of each corner."
        )
    return state


def facelets(state: IntArray) -> str:
    """Return the 24 letters of a state `[24]`, which `states_of` reads."""
    return "".join(FACES[sticker // 4] for sticker in state)


def sequence(numbers: list[int]) -> str:
    """Return moves, given by their place in `MOVES`, in the usual notation."""
    return " ".join(MOVES[number] for number in numbers)
