"""Formulas as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm.errors import PuzzleError
from trm_tasks_sat.formulas import Formula
from trm_tasks_sat.task import Config, fit, format_tokens, labels_of, most_clauses, parse, row_of
from trm_tasks_sat.text import read_formulas, write_formula

CONFIG = Config(variables=8)


@st.composite
def texts(draw):
    """Clauses of one to three literals, in which not all variables are given."""
    wide = draw(st.lists(st.lists(st.integers(1, 8), min_size=2, max_size=3, unique=True), min_size=1, max_size=20))
    signed = [[draw(st.sampled_from((-1, 1))) * variable for variable in clause] for clause in wide]
    units = draw(st.dictionaries(st.integers(2, 8), st.sampled_from((-1, 1)), max_size=6))
    if 1 not in (variable for clause in wide for variable in clause):
        signed.append([1, 8])
    return signed + [[sign * variable] for variable, sign in units.items()]


@given(texts())
def test_what_is_written_can_be_read(clauses):
    text = ", ".join(" ".join(map(str, clause)) for clause in clauses)
    (row,) = parse(text, CONFIG)
    assert np.array_equal(parse(format_tokens(row, CONFIG), CONFIG)[0], row)
    assert {frozenset(c) for c in read_formulas(text, 3)[0].clauses} == {frozenset(c) for c in clauses}


@given(texts())
def test_dimacs_and_one_line_give_the_same(clauses):
    variables = max(abs(literal) for clause in clauses for literal in clause)
    numbers = "\n".join(" ".join(map(str, [*clause, 0])) for clause in clauses)
    dimacs = f"c from a test\np cnf {variables} {len(clauses)}\n{numbers}\n%\n0\n"
    assert read_formulas(dimacs, 3) == read_formulas(numbers.replace("\n", " "), 3)
    assert read_formulas(2 * dimacs, 3) == 2 * read_formulas(dimacs, 3)


def test_clauses_may_run_over_lines_and_share_them():
    text = "c two formulas\n\np cnf 4 3\n1 -2\n 3 0 -1 2 0 4 0\np  cnf 2 1\n-1 -2 0"
    assert read_formulas(text, 3) == [Formula(4, ((1, -2, 3), (-1, 2), (4,))), Formula(2, ((-1, -2),))]


def test_each_line_without_header_is_a_formula():
    text = "# made by hand\n1 -2 3, -1 2 4\n1 2 0 -2 3 0\n\n1; -2 1"
    formulas = read_formulas(text, 3)
    assert formulas == [
        Formula(4, ((1, -2, 3), (-1, 2, 4))),
        Formula(3, ((1, 2), (-2, 3))),
        Formula(2, ((1, -2), (1,))),
    ]


def test_clauses_that_say_nothing_are_dropped():
    (formula,) = read_formulas("2 1 -2, 3 1 3, 1 3, -1 2", 3)
    assert formula == Formula(3, ((1, 3), (-1, 2)))


def test_a_variable_in_no_clause_is_kept():
    (formula,) = read_formulas("p cnf 7 1\n1 2 0", 3)
    assert formula == Formula(7, ((1, 2),))
    assert write_formula(formula) == "1 2, 7 -7"
    assert read_formulas(write_formula(formula), 3) == [formula]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "There is no formula"),
        ("c nothing\n", "There is no formula"),
        ("1 2, 3 x", "Line 1 has 'x', which is no literal"),
        ("1 2, , 3", "Line 1 has an empty clause"),
        ("1 2\n0", "Line 2 has an empty clause"),
        ("1 2 3 4, 1", "Line 1 has a clause of 4 literals: expected at most 3"),
        ("5, 1 2, -5", "unsatisfiable: it has the clauses 5 and -5"),
        ("501 2", "has 501 variables: expected 1 to 500"),
        ("p cnf 2\n1 2 0", "Line 1 is 'p cnf 2'. Expected 'p cnf VARIABLES CLAUSES'"),
        ("1 2 0\np cnf 2 1", "Line 1 is '1 2 0', before the line"),
        ("p cnf 2 1\n1 2 0\n-1 0", "Line 1 declares 1 clauses, but 2 follow"),
        ("p cnf 2 1\n1 3 0", "Line 1 declares 2 variables, but a clause has variable 3"),
        ("p cnf 2 1\n1 2", "The last clause, '1 2', does not end with 0"),
        ("v 1 -2 0", "Line 1 has 'v'"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(text, message):
    with pytest.raises(PuzzleError, match=message.replace("(", r"\(")):
        read_formulas(text, 3)


def test_a_formula_that_is_too_large_is_refused_and_fitted():
    text = ", ".join(f"{variable} {variable + 1}" for variable in range(1, 20))
    with pytest.raises(PuzzleError, match=r"20 variables, but the setting task\.variables allows 8"):
        parse(text, CONFIG)
    fitted = fit(text, CONFIG)
    assert fitted.variables == 20
    assert most_clauses(fitted) == most_clauses(CONFIG)
    assert len(parse(text, fitted)) == 1
    assert fit("1 2, 3", CONFIG) == CONFIG
    with pytest.raises(PuzzleError, match=r"3001 clauses: expected at most 3000"):
        fit(", ".join(f"{1 + number // 200} {201 + number % 200}" for number in range(3001)), CONFIG)


def test_an_answer_is_written_as_solvers_do():
    row = row_of(Formula(3, ((1, -2, 3), (-1, 2))), CONFIG)
    answer = row.copy()
    labels = labels_of(0b011, 3, len(row))
    answer[:6] = np.where(labels[:6] < 0, answer[:6], labels[:6])
    assert format_tokens(answer, CONFIG) == "v 1 2 -3 0"
