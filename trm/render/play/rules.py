"""Rules of a puzzle as data, which the page applies to an answer; `rules.js` has the meaning of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

Group = tuple[int, ...]
"""Positions that belong together."""

Text = tuple[str | Group, ...]
"""A line of text: fixed text, and the positions whose tokens stand there as a number."""


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """No token stands twice in a group.

    Attributes:
        groups: the positions of each group.
        tokens: the tokens that an answer must have in every cell of a group. Default: any.
    """

    kind: ClassVar[str] = "distinct"
    groups: tuple[Group, ...]
    tokens: tuple[int, ...] = ()

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("groups", "position", _flat(self.groups), length)
        yield from outside("tokens", "token", self.tokens, vocabulary)


@dataclass(frozen=True, kw_only=True)
class Same:
    """All cells of a group have the same token.

    Attributes:
        groups: the positions of each group.
    """

    kind: ClassVar[str] = "same"
    groups: tuple[Group, ...]

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("groups", "position", _flat(self.groups), length)


@dataclass(frozen=True, kw_only=True)
class Given:
    """The answer keeps the puzzle's cells.

    Attributes:
        blanks: tokens that mark an empty cell of the puzzle, which the answer may change.
        fill: tokens that an answer may have there. Default: any.
    """

    kind: ClassVar[str] = "given"
    blanks: tuple[int, ...]
    fill: tuple[int, ...] = ()

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("blanks", "token", self.blanks, vocabulary)
        yield from outside("fill", "token", self.fill, vocabulary)


@dataclass(frozen=True, kw_only=True)
class Count:
    """A group has at least and at most so many of some tokens, as in "one queen in each row".

    Attributes:
        groups: the positions of each group.
        tokens: the tokens that are counted.
        least: minimum number. Default: 0.
        most: maximum number. Default: no limit.
    """

    kind: ClassVar[str] = "count"
    groups: tuple[Group, ...]
    tokens: tuple[int, ...]
    least: int = 0
    most: int | None = None

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("groups", "position", _flat(self.groups), length)
        yield from outside("tokens", "token", self.tokens, vocabulary)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """The values of a group's tokens have a given sum.

    Attributes:
        groups: the positions of each group, in the answer.
        values: the value of each token ``[V]``.
        totals: the sum of each group; one number applies to all. Default: those of `totals_at`.
        totals_at: for each group, the position in the puzzle whose token's value is its sum.
        modulo: compare the remainders of a division by this number. Default: the sums themselves.
    """

    kind: ClassVar[str] = "sum"
    groups: tuple[Group, ...]
    values: tuple[int, ...]
    totals: tuple[int, ...] = ()
    totals_at: tuple[int, ...] = ()
    modulo: int | None = None

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("groups", "position", _flat(self.groups), length)
        yield from outside("totals_at", "position", self.totals_at, length)
        if len(self.values) != vocabulary:
            yield f"`values` has {len(self.values)} values for a vocabulary of {vocabulary} tokens."
        if len(self.totals or self.totals_at) not in (1, len(self.groups)):
            yield f"`totals` or `totals_at` has {len(self.totals or self.totals_at)} values for {len(self.groups)} groups."


@dataclass(frozen=True, kw_only=True)
class Way:
    """The marked cells are one way from start to goal along the grid, from a cell to the one above, below or beside it.

    Attributes:
        start: the token of the puzzle where the way begins.
        goal: the token of the puzzle where it ends.
        path: the token that marks it in the answer.
        free: tokens of the puzzle that the way may cross.
        shortest: no other way may be shorter.
    """

    kind: ClassVar[str] = "way"
    start: int
    goal: int
    path: int
    free: tuple[int, ...]
    shortest: bool = True

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        tokens = (self.start, self.goal, self.path, *self.free)
        yield from outside("start, goal, path or free", "token", tokens, vocabulary)


@dataclass(frozen=True, kw_only=True)
class Equation:
    """The cells spell a true equation of whole numbers.

    Attributes:
        text: the equation: fixed text, and tuples of positions whose keys stand there, as in
            ``((0, 1, 2), "+", (3, 4, 5), "=", (6, 7, 8))``. It has numbers, ``+ - ×`` and one ``=``.
    """

    kind: ClassVar[str] = "equation"
    text: Text

    def problems(self, vocabulary: int, length: int) -> Iterator[str]:
        """What does not fit a puzzle, each as one sentence."""
        yield from outside("text", "position", _flat(part for part in self.text if not isinstance(part, str)), length)
        if not any(part == "=" for part in self.text):
            yield "`text` has no '='."


Rule = Distinct | Same | Given | Count | Sum | Way | Equation


def _flat(groups: Iterable[Group]) -> list[int]:
    return [position for group in groups for position in group]


def outside(name: str, kind: str, values: Iterable[int], size: int) -> Iterator[str]:
    """A sentence if a value is not one of `size` numbers from 0."""
    wrong = next((value for value in values if not 0 <= value < size), None)
    if wrong is not None:
        yield f"`{name}` has the {kind} {wrong}, expected numbers from 0 to {size - 1}."
