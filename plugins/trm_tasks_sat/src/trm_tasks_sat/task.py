"""The puzzle: values for the variables of a formula that satisfy all clauses.

The positions of a puzzle are the literals, two for each variable, and the clauses of two or three literals. A clause of
one literal is no position: it makes its literal a given one.
"""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import PuzzleStructure, Structure
from trm.data import IGNORED, Description, Edge, Graph, IntArray, PuzzleSet
from trm.errors import PuzzleError, UsageError
from trm.evaluation import ValidAnswers

from .formulas import MOST_VARIABLES, Formula, givens, random_clauses, satisfiable, solutions, values
from .text import read_formulas, write_formula, write_values

TOKENS = ("?", "false", "true", "clause of 2", "clause of 3")
UNKNOWN, FALSE, TRUE = 0, 1, 2
WIDEST = 3
MOST_CLAUSES = 3000
MOST_COUNTED = 31  # clauses of a literal; a literal of more counts as one of this many
THRESHOLD = 4.26
"""Clauses per variable at which about half of all large random formulas are satisfiable."""
MOST_DRAWN = 32  # variables of random formulas, whose solutions are all listed
SPLITS = ("test", "validation")
SHARES = 10


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    variables: int = Field(15, description="most variables of a formula", ge=1, le=MOST_VARIABLES)
    clauses: int = Field(0, description="most clauses of 2 or 3 literals; 0: ratio x variables", ge=0, le=MOST_CLAUSES)
    fewest_variables: int = Field(5, description="fewest variables of a random formula", ge=5, le=MOST_DRAWN)
    least_ratio: float = Field(3.0, description="fewest clauses of a random formula, per variable", ge=2, le=6)
    ratio: float = Field(4.6, description="most clauses of a random formula, per variable", ge=2, le=6)
    train_puzzles: int = Field(20000, description="number of training puzzles", ge=1)
    validation_puzzles: int = Field(500, description="number of validation puzzles", ge=1)
    test_puzzles: int = Field(1000, description="number of test puzzles", ge=1)


def most_clauses(config: Config) -> int:
    return config.clauses or round(max(config.ratio, THRESHOLD) * config.variables)


@cache
def describe(config: Config) -> Description:
    """A literal receives from its clauses and its negation, a clause from its literals.

    What it receives is a mean, so a literal is also given the number of its clauses. Without it, all literals of a formula
    whose clauses have three literals, none of them given, would look the same.
    """
    clauses = most_clauses(config)
    own = PuzzleStructure(
        edges=["literal", "clause", "negation"],
        position_numbers={"clauses": MOST_COUNTED},
        max_edges=2 * (WIDEST * clauses + config.variables),
    )
    return Description(
        vocab_size=len(TOKENS),
        seq_len=2 * config.variables + clauses,
        pad_id=UNKNOWN,
        token_names=TOKENS,
        structure=Structure(per_puzzle=own),
        fixed_tokens=tuple(range(FALSE, len(TOKENS))),
    )


def place(literal: int) -> int:
    """Return the position of a literal. Those of a variable are next to each other."""
    return 2 * (abs(literal) - 1) + (literal < 0)


def row_of(formula: Formula, config: Config) -> IntArray:
    """Return the row `[W]` of a formula with clauses of up to three literals.

    Raises:
        PuzzleError: it is larger than the settings allow.
    """
    wide = [clause for clause in formula.clauses if len(clause) > 1]
    for count, most, name in (
        (formula.variables, config.variables, "variables"),
        (len(wide), most_clauses(config), "clauses"),
    ):
        if count > most:
            raise PuzzleError(f"The formula has {count} {name}, but the setting task.{name} allows {most}.")
    literals = 2 * formula.variables
    tokens = np.full(literals + len(wide), UNKNOWN)
    tokens[literals:] = [TRUE + len(clause) - 1 for clause in wide]
    for clause in formula.clauses:
        if len(clause) == 1:
            tokens[[place(clause[0]), place(-clause[0])]] = TRUE, FALSE
    edges = [Edge("negation", position, position ^ 1) for position in range(literals)]
    for number, clause in enumerate(wide, start=literals):
        for literal in clause:
            edges += [Edge("literal", place(literal), number), Edge("clause", number, place(literal))]
    counts = Counter(place(literal) for clause in wide for literal in clause)
    numbers = tuple((min(counts[position], MOST_COUNTED),) for position in range(len(tokens)))
    return describe(config).row(tokens, Graph(len(tokens), tuple(edges), numbers=numbers))


def formula_of(row: IntArray, config: Config) -> Formula:
    """Return the formula in a row `[W]`: first the clauses of two or three literals, then those of one."""
    graph = describe(config).graph(row)
    clauses: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.type == "literal":
            clauses.setdefault(edge.target, []).append(literal_at(edge.source))
    variables = sum(edge.type == "negation" for edge in graph.edges) // 2
    units = [(literal_at(position),) for position in range(2 * variables) if row[position] == TRUE]
    return Formula(variables, (*(tuple(clause) for _, clause in sorted(clauses.items())), *units))


def literal_at(position: int) -> int:
    variable = position // 2 + 1
    return -variable if position % 2 else variable


def labels_of(solution: int, variables: int, length: int) -> IntArray:
    """Return the labels `[length]` of a solution. Only the variables are scored, not their negations."""
    labels = np.full(length, IGNORED)
    labels[: 2 * variables : 2] = [TRUE if value else FALSE for value in values(solution, variables)]
    return labels


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Draw satisfiable formulas, with as many given literals as it takes for only one solution."""
    return _built(config, split, seed, True)


def build_threshold(config: Config, split: str, seed: int) -> PuzzleSet:
    """Draw satisfiable formulas near the threshold. Most have several solutions, one of which is the label."""
    return _built(config, split, seed, False)


def _built(config: Config, split: str, seed: int, unique: bool) -> PuzzleSet:
    fewest, most = config.fewest_variables, config.variables
    if fewest > most or most > MOST_DRAWN or config.least_ratio > config.ratio:
        raise UsageError(
            f"There are no random formulas with {fewest} to {most} variables and {config.least_ratio} to {config.ratio} "
            f"clauses for each: expected rising numbers, and at most {MOST_DRAWN} variables."
        )
    kind = (SPLITS.index(split) + 1) if split in SPLITS else 0
    rng = np.random.default_rng(np.random.SeedSequence([seed, kind, unique]))
    wanted = getattr(config, f"{split}_puzzles")
    description = describe(config)
    inputs = np.empty((wanted, description.input_width), dtype=np.int16)
    labels = np.empty((wanted, description.seq_len), dtype=np.int16)
    made = 0
    while made < wanted:
        formula, solution = _draw(rng, config, unique)
        if split_of(formula) != split:
            continue
        inputs[made] = row_of(formula, config)
        labels[made] = labels_of(solution, formula.variables, description.seq_len)
        made += 1
    return PuzzleSet(inputs, labels, description)


def _draw(rng: np.random.Generator, config: Config, unique: bool) -> tuple[Formula, int]:
    """Draw a satisfiable formula, and one of its solutions."""
    variables = int(rng.integers(config.fewest_variables, config.variables + 1))
    ratio = rng.uniform(config.least_ratio, config.ratio) if unique else THRESHOLD
    while True:
        formula = Formula(variables, random_clauses(rng, variables, round(ratio * variables)))
        found = solutions(formula)
        if len(found):
            solution = int(rng.choice(found))
            units = givens(rng, found, solution, variables) if unique else ()
            return Formula(variables, formula.clauses + units), solution


def key(formula: Formula) -> int:
    """Return a number that formulas share if they differ only in the names and signs of their variables."""
    counts = np.zeros((formula.variables, 2, WIDEST), dtype=np.uint8)
    for clause in formula.clauses:
        for literal in clause:
            counts[abs(literal) - 1, int(literal < 0), len(clause) - 1] += 1
    sides = [sorted(side.tobytes() for side in variable) for variable in counts]
    return zlib.crc32(b"".join(b"".join(side) for side in sorted(sides)))


def split_of(formula: Formula) -> str:
    """Return the split of a formula: a tenth each is for test and validation."""
    share = key(formula) % SHARES
    return SPLITS[share] if share < len(SPLITS) else "train"


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return the `key` of each formula."""
    return np.array([key(formula_of(row, config)) for row in inputs])


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return which clauses an answer does not satisfy, in one sentence; None if it satisfies all."""
    formula = formula_of(inputs, config)
    tokens = answer[: 2 * formula.variables : 2]
    if (missing := ~np.isin(tokens, (FALSE, TRUE))).any():
        return f"Variable {int(missing.argmax()) + 1} has no value."
    if broken := formula.broken((tokens == TRUE).tolist()):
        clause = " ".join(map(str, broken[0]))
        return f"Not satisfied: {len(broken)} of {len(formula.clauses)} clauses, such as {clause!r}."
    return None


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return that a formula has no solution, in one sentence; None if it has one, or if the search takes too long."""
    if satisfiable(formula_of(inputs, config)) is False:
        return "The formula is unsatisfiable: no assignment satisfies all clauses."
    return None


def parse(text: str, config: Config) -> list[IntArray]:
    """Read formulas; see `read_formulas`."""
    return [row_of(formula, config) for formula in read_formulas(text, WIDEST)]


def fit(text: str, config: Config) -> Config:
    """Return settings with room for the formulas of a text."""
    formulas = read_formulas(text, WIDEST)
    variables = max(formula.variables for formula in formulas)
    clauses = max(sum(len(clause) > 1 for clause in formula.clauses) for formula in formulas)
    if clauses > MOST_CLAUSES:
        raise PuzzleError(f"The formula has {clauses} clauses: expected at most {MOST_CLAUSES}.")
    room = {"variables": max(variables, config.variables), "clauses": max(clauses, most_clauses(config))}
    return (
        config
        if room == {"variables": config.variables, "clauses": most_clauses(config)}
        else config.model_copy(update=room)
    )


def format_tokens(row: IntArray, config: Config) -> str:
    """Write a formula as `1 -2 3, -1 2 4`, or, where all variables have a value, the values as `v 1 -2 3 0`."""
    formula = formula_of(row, config)
    tokens = row[: 2 * formula.variables : 2]
    if np.isin(tokens, (FALSE, TRUE)).all():
        return write_values((tokens == TRUE).tolist())
    return write_formula(formula)


class Satisfied(ValidAnswers):
    """The share of formulas whose clauses the answer satisfies, whether or not it is the label."""

    def is_valid(self, inputs: IntArray, answer: IntArray) -> bool:
        return check(inputs, answer, self.config) is None
