"""The conformance kit, the puzzles, and the rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from trm.data import IGNORED
from trm.errors import UsageError
from trm.testing import parametrize_with_checks
from trm_tasks_sat.formulas import Formula, givens, random_clauses, satisfiable, solutions, values
from trm_tasks_sat.render import Clauses
from trm_tasks_sat.task import (
    FALSE,
    TRUE,
    UNKNOWN,
    Config,
    Satisfied,
    build,
    build_threshold,
    check,
    describe,
    formula_of,
    key,
    labels_of,
    parse,
    row_of,
    solvable,
    split_of,
)

SMALL = Config(variables=9, train_puzzles=60, validation_puzzles=20, test_puzzles=20)


@parametrize_with_checks("sat")
def test_conformance(check):
    check()


def by_trying(formula):
    """All solutions of a formula, by trying all assignments."""
    found = []
    for assignment in product((False, True), repeat=formula.variables):
        if all(any(assignment[abs(x) - 1] == (x > 0) for x in clause) for clause in formula.clauses):
            found.append(list(assignment))
    return found


@pytest.fixture(scope="module")
def random_formulas():
    rng = np.random.default_rng(5)
    return [
        Formula(int(size), random_clauses(rng, int(size), int(size * ratio)))
        for size, ratio in zip(rng.integers(4, 9, 40), rng.uniform(2, 6, 40), strict=True)
    ]


def test_all_solutions_are_found(random_formulas):
    for formula in random_formulas:
        found = [values(number, formula.variables) for number in solutions(formula).tolist()]
        assert sorted(found) == by_trying(formula)


def test_the_search_finds_out_whether_there_is_a_solution(random_formulas):
    found = [satisfiable(formula) for formula in random_formulas]
    assert found == [bool(by_trying(formula)) for formula in random_formulas]
    assert 5 < sum(found) < 35


def test_the_search_gives_up(monkeypatch):
    monkeypatch.setattr("trm_tasks_sat.formulas.DECISIONS", 2)
    formula = Formula(20, random_clauses(np.random.default_rng(0), 20, 200))
    assert satisfiable(formula) is None
    assert solvable(row_of(formula, Config(variables=20, clauses=200)), Config(variables=20, clauses=200)) is None


def test_random_clauses_differ_and_have_three_variables():
    clauses = random_clauses(np.random.default_rng(0), 5, 70)
    assert len({frozenset(clause) for clause in clauses}) == 70  # of 80 that there are
    assert all(len({abs(literal) for literal in clause}) == 3 for clause in clauses)


def test_given_literals_leave_one_solution():
    rng = np.random.default_rng(1)
    formula = Formula(8, random_clauses(rng, 8, 20))
    found = solutions(formula)
    assert len(found) > 3
    for solution in found.tolist():
        units = givens(rng, found, solution, 8)
        assert by_trying(Formula(8, formula.clauses + units)) == [values(solution, 8)]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_formula_of_the_dataset_has_one_solution(split):
    puzzles = build(SMALL, split, seed=3)
    for row, labels in zip(puzzles.inputs[:15], puzzles.labels, strict=False):
        formula = formula_of(row, SMALL)
        assert split_of(formula) == split
        assert 5 <= formula.variables <= 9
        tokens = labels[: 2 * formula.variables : 2]
        assert by_trying(formula) == [(tokens == TRUE).tolist()]
        assert check(row, labels, SMALL) is None
        assert solvable(row, SMALL) is None
        assert (labels[1 : 2 * formula.variables : 2] == IGNORED).all()


def test_no_formula_is_in_two_splits():
    keys = [
        {key(formula_of(row, SMALL)) for row in build(SMALL, split, seed=0).inputs}
        for split in ("train", "validation", "test")
    ]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]


def test_names_and_signs_of_variables_do_not_change_the_key():
    rng = np.random.default_rng(2)
    formula = Formula(9, (*random_clauses(rng, 9, 30), (4,), (-2,)))
    names = dict(enumerate(rng.permutation(9) + 1, start=1))
    signs = dict(enumerate(rng.choice((-1, 1), 9), start=1))
    renamed = [
        tuple(int(np.sign(x) * signs[abs(x)] * names[abs(x)]) for x in rng.permutation(clause))
        for clause in formula.clauses
    ]
    assert key(Formula(9, tuple(rng.permutation(np.array(renamed, dtype=object)).tolist()))) == key(formula)
    assert key(Formula(9, formula.clauses[1:])) != key(formula)


def test_formulas_near_the_threshold_are_satisfiable_and_have_several_solutions():
    puzzles = build_threshold(SMALL, "test", seed=0)
    counts = []
    for row, labels in zip(puzzles.inputs, puzzles.labels, strict=True):
        formula = formula_of(row, SMALL)
        assert len(formula.clauses) == round(4.26 * formula.variables)
        assert check(row, labels, SMALL) is None
        counts.append(len(by_trying(formula)))
    assert max(counts) > 2


def test_the_row_of_a_formula_has_edges_in_both_directions():
    row = parse("1 -2 3, -1 2, -3", SMALL)[0]
    graph = describe(SMALL).graph(row)
    tokens = [UNKNOWN] * 4 + [FALSE, TRUE, 4, 3]
    assert row[: graph.size].tolist() == tokens
    edges = {(edge.type, edge.source, edge.target) for edge in graph.edges}
    to_clauses = {(0, 6), (3, 6), (4, 6), (1, 7), (2, 7)}
    assert edges == (
        {("literal", source, target) for source, target in to_clauses}
        | {("clause", target, source) for source, target in to_clauses}
        | {("negation", place, place ^ 1) for place in range(6)}
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([True, True, False], None),
        ([False, False, False], None),
        ([True, False, False], "Not satisfied: 1 of 3 clauses, such as '-1 2'."),
        ([False, True, True], "Not satisfied: 1 of 3 clauses, such as '-3'."),
        ([False, True, False], "Not satisfied: 1 of 3 clauses, such as '1 -2 3'."),
    ],
)
def test_an_answer_is_judged_by_the_clauses(values, problem):
    row = parse("1 -2 3, -1 2, -3", SMALL)[0]
    answer = labels_of(sum(value << bit for bit, value in enumerate(values)), 3, describe(SMALL).seq_len)
    assert check(row, answer, SMALL) == problem
    metric = Satisfied(SMALL)
    metric.update({"inputs": row[None], "predictions": answer[None]})
    assert metric.compute() == (problem is None)


def test_a_variable_without_value_is_named():
    row = parse("1 -2 3", SMALL)[0]
    assert check(row, row[: describe(SMALL).seq_len], SMALL) == "Variable 1 has no value."


def test_an_unsatisfiable_formula_is_told():
    signs = product((1, -1), repeat=3)
    row = parse(", ".join(f"{a} {2 * b} {3 * c}" for a, b, c in signs), SMALL)[0]
    assert "unsatisfiable" in solvable(row, SMALL)


@pytest.mark.parametrize("settings", [{"fewest_variables": 10}, {"least_ratio": 5}, {"variables": 40}])
def test_settings_without_formulas_are_refused(settings):
    with pytest.raises(UsageError, match="There are no random formulas with"):
        build(SMALL.model_copy(update=settings), "train", 0)


def test_the_picture_marks_clauses_and_variables():
    row = parse("1 -2 3, -1 2, -3", SMALL)[0]
    right, wrong = (labels_of(number, 3, describe(SMALL).seq_len) for number in (0b011, 0b001))
    picture = Clauses(SMALL)
    assert picture.render(row).plain.split() == ["1", "-2", "3", "-1", "2", "-3"]
    assert "!" not in picture.render(row, right, right).plain
    assert picture.render(row, wrong).plain.count("!") == 1
    assert "2 false!" in picture.render(row, wrong, right).plain
