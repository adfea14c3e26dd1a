"""Formulas in conjunctive normal form: random ones, all their solutions, and whether there is any.

A literal is an integer as in DIMACS files: 3 for variable 3, -3 for its negation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from trm.data import IntArray

Clause = tuple[int, ...]
MOST_VARIABLES = 500
DECISIONS = 5_000
"""Decisions after which `satisfiable` gives up."""


@dataclass(frozen=True)
class Formula:
    """A formula in conjunctive normal form.

    Attributes:
        variables: number of variables, which are numbered from 1.
        clauses: at least one literal of each must be true.
    """

    variables: int
    clauses: tuple[Clause, ...]

    def broken(self, values: Iterable[bool]) -> list[Clause]:
        """Return the clauses that are not satisfied, given the value of each variable."""
        true = {number if value else -number for number, value in enumerate(values, start=1)}
        return [clause for clause in self.clauses if true.isdisjoint(clause)]


def random_clauses(rng: np.random.Generator, variables: int, count: int) -> tuple[Clause, ...]:
    """Draw different clauses, each with three different variables and random signs."""
    found: dict[Clause, None] = {}
    while len(found) < count:
        chosen = np.argsort(rng.random((count, variables)), axis=1)[:, :3] + 1
        signs = rng.choice((-1, 1), size=chosen.shape)
        found |= dict.fromkeys(tuple(sorted(clause, key=abs)) for clause in (chosen * signs).tolist())
    return tuple(found)[:count]


def solutions(formula: Formula) -> IntArray:
    """Return all solutions `[N]`, each as an integer whose bit i is the value of variable i + 1.

    The variables are added one after the other, and whatever breaks a clause is dropped. Near the threshold, 30 variables
    need a few thousand partial solutions at once.
    """
    masks = np.array([[_mask(clause, 1), _mask(clause, -1)] for clause in formula.clauses], dtype=np.int64)
    last = np.array([max(map(abs, clause)) for clause in formula.clauses])
    found = np.zeros(1, dtype=np.int64)
    for variable in range(formula.variables):
        found = np.concatenate([found, found | 1 << variable])
        for positive, negative in masks[last == variable + 1].tolist():
            found = found[(found & positive | ~found & negative) != 0]
    return found


def _mask(clause: Clause, sign: int) -> int:
    """The variables with a sign in a clause, as bits."""
    return sum(1 << abs(literal) - 1 for literal in clause if literal * sign > 0)


def values(solution: int, variables: int) -> list[bool]:
    """Return the value of each variable in one of the `solutions`."""
    return [bool(solution >> variable & 1) for variable in range(variables)]


def givens(rng: np.random.Generator, found: IntArray, solution: int, variables: int) -> tuple[Clause, ...]:
    """Draw literals, as clauses of one literal, that exclude all solutions `[N]` but one."""
    given: list[Clause] = []
    for variable in rng.permutation(variables).tolist():
        same = (found ^ solution) >> variable & 1 == 0
        if not same.all():
            found = found[same]
            given.append((variable + 1 if solution >> variable & 1 else -variable - 1,))
    return tuple(given)


def satisfiable(formula: Formula) -> bool | None:
    """Whether a formula has a solution, by search; None if that takes too long."""
    left = [DECISIONS]
    try:
        return _search([frozenset(clause) for clause in formula.clauses], left)
    except TimeoutError:
        return None


def _search(clauses: list[frozenset[int]], left: list[int]) -> bool:
    while clauses:
        shortest = min(clauses, key=len)
        if not shortest:
            return False
        literal = max(shortest, key=lambda literal: sum(literal in clause for clause in clauses))
        if len(shortest) > 1:
            left[0] -= 1
            if left[0] < 0:
                raise TimeoutError
            if _search(_assigned(clauses, literal), left):
                return True
            literal = -literal
        clauses = _assigned(clauses, literal)
    return True


def _assigned(clauses: list[frozenset[int]], literal: int) -> list[frozenset[int]]:
    """The clauses that are left if a literal is true."""
    return [clause - {-literal} for clause in clauses if literal not in clause]
