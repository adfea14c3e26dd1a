"""Formulas as text: DIMACS CNF, and lines such as `1 -2 3, -1 2 4, 5`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from trm.errors import PuzzleError, quoted

from .formulas import MOST_VARIABLES, Clause, Formula

HEADER = re.compile(r"p\s+cnf\s+(\d+)\s+(\d+)\s*")
EXAMPLE = "Write clauses as '1 -2 3, -1 2 4', or a file in the DIMACS format."


def read_formulas(text: str, widest: int) -> list[Formula]:
    """Read formulas from a text.

    A text with a line `p cnf ...` is in the DIMACS format, and each such line begins a formula. Otherwise each line is a
    formula: commas, or zeros as in DIMACS, separate its clauses.

    Args:
        text: the formulas.
        widest: most literals of a clause.

    Raises:
        PuzzleError: something cannot be read, or cannot be satisfied at sight. The message names the line.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    if any(line.startswith("p") for _, line in lines):
        formulas = list(_dimacs(lines, widest))
    else:
        formulas = [_one_line(number, line, widest) for number, line in lines if line and line[0] not in "c#"]
    if not formulas:
        raise PuzzleError(f"There is no formula. {EXAMPLE}")
    return formulas


def _dimacs(lines: Iterable[tuple[int, str]], widest: int) -> Iterator[Formula]:
    """Read the formulas of a DIMACS file. SATLIB ends formulas with a line of '%' and one of '0', which are skipped."""
    header: re.Match[str] | None = None
    start, ended = 0, False
    words: list[tuple[int, str]] = []
    for number, line in [*lines, (0, "p")]:
        if line.startswith("p"):
            if header is not None:
                yield _declared(header, start, _clauses(words, widest))
            header, start, ended, words = HEADER.fullmatch(line), number, False, []
            if header is None and number:
                raise PuzzleError(f"Line {number} is {quoted(line)}. Expected 'p cnf VARIABLES CLAUSES'.")
        elif line.startswith("%"):
            ended = True
        elif line and line[0] != "c" and not ended:
            if header is None:
                raise PuzzleError(f"Line {number} is {quoted(line)}, before the line 'p cnf VARIABLES CLAUSES'.")
            words += [(number, word) for word in line.split()]


def _declared(header: re.Match[str], line: int, clauses: list[Clause]) -> Formula:
    """The formula of a header and its clauses, which must agree."""
    variables, count = map(int, header.groups())
    largest = max((abs(literal) for clause in clauses for literal in clause), default=0)
    if largest > variables:
        raise PuzzleError(f"Line {line} declares {variables} variables, but a clause has variable {largest}.")
    if len(clauses) != count:
        raise PuzzleError(f"Line {line} declares {count} clauses, but {len(clauses)} follow. Is the file complete?")
    return _formula(variables, clauses, line)


def _one_line(number: int, line: str, widest: int) -> Formula:
    words = [(number, word) for word in line.replace(",", " 0 ").replace(";", " 0 ").split()]
    if words[-1][1] != "0":
        words.append((number, "0"))
    clauses = _clauses(words, widest)
    return _formula(max(abs(literal) for clause in clauses for literal in clause), clauses, number)


def _clauses(words: list[tuple[int, str]], widest: int) -> list[Clause]:
    """Read clauses that end with 0."""
    clauses: list[Clause] = []
    clause: dict[int, None] = {}
    for line, word in words:
        if not re.fullmatch(r"-?\d{1,7}", word):
            raise PuzzleError(f"Line {line} has {quoted(word)}, which is no literal. {EXAMPLE}")
        if literal := int(word):
            clause[literal] = None
            continue
        if not clause:
            raise PuzzleError(f"Line {line} has an empty clause, which nothing satisfies.")
        if len(clause) > widest:
            raise PuzzleError(
                f"Line {line} has a clause of {len(clause)} literals: expected at most {widest}. Split it with a new "
                "variable: '1 2 3 4' becomes '1 2 9, -9 3 4'."
            )
        clauses.append(tuple(clause))
        clause = {}
    if clause:
        raise PuzzleError(f"The last clause, {' '.join(map(str, clause))!r}, does not end with 0.")
    return clauses


def _formula(variables: int, clauses: list[Clause], line: int) -> Formula:
    """A formula without clauses that are always true, and without repetitions."""
    if not 1 <= variables <= MOST_VARIABLES:
        raise PuzzleError(f"The formula in line {line} has {variables} variables: expected 1 to {MOST_VARIABLES}.")
    ordered = [tuple(sorted(clause, key=abs)) for clause in clauses]
    kept = dict.fromkeys(clause for clause in ordered if len({abs(literal) for literal in clause}) == len(clause))
    if clash := next((clause[0] for clause in kept if len(clause) == 1 and (-clause[0],) in kept), 0):
        raise PuzzleError(f"The formula in line {line} is unsatisfiable: it has the clauses {clash} and {-clash}.")
    wide = [clause for clause in kept if len(clause) > 1]
    units = sorted((clause for clause in kept if len(clause) == 1), key=lambda clause: abs(clause[0]))
    return Formula(variables, (*wide, *units))


def write_values(values: Iterable[bool]) -> str:
    """Write the value of each variable as SAT solvers do, as in `v 1 -2 3 0`."""
    literals = [number if value else -number for number, value in enumerate(values, start=1)]
    return " ".join(map(str, ["v", *literals, 0]))


def write_formula(formula: Formula) -> str:
    """Write a formula as one line. A last clause that is always true names the last variable where no other clause does."""
    clauses = list(formula.clauses)
    if not any(abs(literal) == formula.variables for clause in clauses for literal in clause):
        clauses.append((formula.variables, -formula.variables))
    return ", ".join(" ".join(map(str, clause)) for clause in clauses)
