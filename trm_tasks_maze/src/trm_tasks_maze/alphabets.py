"""The letters in which people write mazes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from trm_tasks_maze.grid import FREE, GOAL, PATH, START, WALL

BLOCKS = "█▓▒■⬛"


@dataclass(frozen=True)
class Alphabet:
    """The meaning of characters.

    Attributes:
        walls, free, path: the characters of each of these cells. A path is read as free.
        start, goal: the characters of the two ends.
        name: what it is called; empty for those that are named by their letters.
    """

    walls: str
    free: str
    path: str
    start: str
    goal: str
    name: str = ""

    @property
    def tokens(self) -> dict[str, int]:
        """The token of each character."""
        groups = ((self.path, PATH), (self.free, FREE), (self.walls, WALL), (self.start, START), (self.goal, GOAL))
        return {character: token for characters, token in groups for character in characters}

    @property
    def is_usual(self) -> bool:
        """Whether it is the one that `trm` writes."""
        return "#" in self.walls and (self.start, self.goal) == ("S", "G")

    def describe(self, used: Iterable[str]) -> str:
        """How it is called when these characters are used."""
        if self.name:
            return self.name
        walls = "".join(character for character in self.walls if character in used) or self.walls[0]
        return f"wall {walls!r}, start {self.start!r}, goal {self.goal!r}"

    def misfit(self, used: Counter[str]) -> tuple[int, int]:
        """How badly it fits: the number of cells that it lacks, then the number of its kinds of cells that are not used."""
        foreign = sum(count for character, count in used.items() if character not in self.tokens)
        groups = (self.walls, self.free, self.start, self.goal)
        return foreign, sum(not any(character in used for character in group) for group in groups)


def _alphabets() -> tuple[Alphabet, ...]:
    ends = [(pair[0], pair[1]) for pair in ("SG", "SE", "AB", "SF", "ST", "sg", "se", "ab", "23")]
    free = " .·░□⬜"
    drawn = [
        Alphabet(walls, free, "o*+X" if walls != "Xx" else "o*+", start, goal)
        for walls, (start, goal) in product(("#", BLOCKS, "Xx", "Ww", "@"), ends)
    ]
    digits = Alphabet("1", "0 .", "4", "2", "3", "0 free, 1 wall, 2 start, 3 goal")
    tokens = Alphabet("1", "2", "5", "3", "4", "1 wall, 2 free, 3 start, 4 goal, 5 path")
    xobes = Alphabet("X", "O", "S", "B", "E", "XOBES: X wall, O free, B begin, E end, S solution")
    lower = Alphabet("x", "o", "s", "b", "e", xobes.name)
    mixed = [Alphabet("1", "0 .", "4o*", start, goal) for start, goal in ends[:-1]]
    opened = [Alphabet("Xx", "Oo", "*+", start, goal) for start, goal in ends[:-1]]
    return (*drawn, digits, tokens, *mixed, xobes, lower, *opened)


ALPHABETS = _alphabets()
LETTERS = frozenset(character for alphabet in ALPHABETS for character in alphabet.tokens if character.isalpha())
"""All letters that may be cells."""


def alphabet_of(mazes: Iterable[str]) -> Alphabet:
    """The alphabet that fits best to the cells of some mazes, given as strings; the first one of several."""
    used: Counter[str] = Counter()
    for cells in mazes:
        used.update(cells)
    return min(ALPHABETS, key=lambda alphabet: alphabet.misfit(used))
