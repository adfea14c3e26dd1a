"""Puzzles as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm.errors import PuzzleError
from trm_tasks_killer.generator import filled_grid, random_puzzle
from trm_tasks_killer.task import Config, format_row, parse, puzzle_of, row_of
from trm_tasks_killer.text import LETTERS

GRID = """
# a small one
. . . 2
. . . .
. . . .
. . . .

A A B B
C C C D
E F F D
E E F D

A=4 B = 6
C=8, D=8 E=8
F=6
"""
SMALL = Config(size=4)


def drawn(size, seed):
    rng = np.random.default_rng(seed)
    return row_of(random_puzzle(rng, filled_grid(rng, size), 4), Config(size=size))


@given(st.sampled_from([4, 6, 9]), st.integers(0, 2**32), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_a_puzzle_is_read_in_any_layout(size, seed, random):
    """One line, a grid, other letters, and sums in another order mean the same puzzle."""
    config, row = Config(size=size), drawn(size, seed)
    line = format_row(row, config)
    assert [read.tolist() for read in parse(line, config)] == [row.tolist()]
    givens, letters, *sums = line.split()
    names = dict(zip(LETTERS, random.sample(LETTERS, len(LETTERS)), strict=True))
    random.shuffle(sums)
    blank = random.choice(".0_-*")
    grids = [
        "\n".join(random.choice(["", " "]).join(grid[start : start + size]) for start in range(0, len(grid), size))
        for grid in (givens.replace(".", blank), "".join(names[letter] for letter in letters))
    ]
    written = "\n\n".join(grids) + "\n" + random.choice([" ", "\n", ", "]).join(names[s[0]] + s[1:] for s in sums)
    assert [read.tolist() for read in parse(written, config)] == [row.tolist()]


def test_a_text_holds_several_puzzles_of_any_form():
    rows = [drawn(4, seed) for seed in range(3)]
    lines = [format_row(row, SMALL) for row in rows]
    read = parse("\n".join([lines[0], GRID, lines[1], lines[2]]), SMALL)
    assert [row.tolist() for row in (read[0], read[2], read[3])] == [row.tolist() for row in rows]
    assert puzzle_of(read[1], SMALL).sums.tolist() == [4, 6, 8, 8, 8, 6]


def test_givens_can_be_left_out():
    letters = "AABBCCCDEFFDEEFD A=4 B=6 C=8 D=8 E=8 F=6"
    assert parse(letters, SMALL)[0].tolist() == parse("." * 16 + " " + letters, SMALL)[0].tolist()
    assert (parse(letters, SMALL)[0][:16] == 0).all()


def test_a_puzzle_of_another_size_is_refused():
    with pytest.raises(PuzzleError, match=r"line 2: It has 4 rows, expected 6, as task\.size says\. Use weights"):
        parse("\n" + format_row(drawn(4, 0), SMALL), Config())


SUMS = "A=4 B=6 C=8 D=8 E=8 F=6"
CAGES = "AABBCCCDEFFDEEFD"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text has no puzzle"),
        ("# nothing", "The text has no puzzle"),
        ("." * 16 + f"\n{CAGES}\n\nA=4", "Puzzle 1, from line 1: Cage B has no sum"),
        (f"{CAGES} {SUMS} A=4", "a second sum for cage A: A=4"),
        (f"{CAGES} {SUMS} G=4", "Cage G has a sum but no cell"),
        (f"{CAGES} {SUMS.replace('F', 'f')}", "Cage f has a sum but no cell. Capital"),
        (f"{CAGES} {SUMS.replace('A=4', 'A=2')}", "Cage A of 2 cells has the sum 2, expected 3 to 7"),
        (f"{CAGES} {SUMS.replace('A=4', 'A=99999999999')}", "'A=99999999999' on line 1 is not the sum of a cage"),
        (f"{CAGES} {SUMS.replace('A=4', 'A=four')}", "'A=four' on line 1"),
        (f"{CAGES} {SUMS.replace('A=4', 'AB=4')}", "'AB=4' on line 1"),
        (f"{CAGES[:-1]} {SUMS}", "15 letters for the cages, expected 16, 36 or 81"),
        (f"{'.' * 15} {CAGES} {SUMS}", "15 cells with digits or dots but 16 letters"),
        (f"{'.' * 16} {SUMS}", "no letters for the cages"),
        (f"{'.' * 15}5 {CAGES} {SUMS}", "Row 4, column 4 is 5, but digits end at 4"),
        (f"{CAGES} {'.' * 16} {SUMS}", "digits after the letters"),
        (f"{'.' * 15}? {CAGES} {SUMS}", r"has '\?'"),
        (f"{'.' * 8}{CAGES[8:]} {CAGES} {SUMS}", "mixes digits and letters"),
        (f"{CAGES[:-1]}A {SUMS}", "Cage A is in several pieces"),
        (f"AAAAABBCDDCCDEEF {SUMS}", "Cage A has 5 cells, but only 4 digits differ"),
    ],
)
def test_a_text_that_is_not_a_puzzle_is_refused(text, message):
    with pytest.raises(PuzzleError, match=message):
        parse(text, SMALL)
