"""Tasks whose questions are grids: how their questions and answers are read and their answers written."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from trm import Structure
from trm_tasks_reasoning_gym.gym_task import Entry, GymTask, Rows
from trm_tasks_reasoning_gym.layouts import (
    DIGITS,
    EIGHT,
    FOUR,
    Shape,
    boxes,
    cells,
    flat,
    grid,
    line,
    numbers,
    square,
    table,
    text,
)


def sudoku_of(name: str, side: int, split_by_answer: bool = False, **settings: Any) -> GymTask:
    size = side**2
    return GymTask(
        name,
        ("_", *DIGITS[1 : size + 1]),
        lambda settings: (size, size),
        lambda entry: (cells(entry["metadata"]["puzzle"], "_"), cells(entry["metadata"]["solution"])),
        table,
        settings,
        lambda question, answer: {"solution": numbers(answer)},
        boxes(side, first=2),
        split_by_answer=split_by_answer,
    )


mini_sudoku = sudoku_of("mini_sudoku", side=2, split_by_answer=True)  # 12 answers, up to renaming the digits
sudoku = sudoku_of("sudoku", side=3)


def read_futoshiki(entry: Entry) -> tuple[Rows, Rows]:
    """Return a grid with cells for the digits and for the signs between them."""
    puzzle = entry["metadata"]["puzzle"]
    width = 2 * len(puzzle) - 1
    answer: Rows = [list(row.ljust(2 * width)[: 2 * width : 2]) for row in entry["answer"].split("\n")]
    question = [list(row) for row in answer]
    for row, given in enumerate(puzzle):
        for column, digit in enumerate(given):
            if not digit:
                question[2 * row][2 * column] = "_"
    return question, answer


def futoshiki_digits(question: Rows, answer: Rows) -> dict[str, Any]:
    return {"solution": [[int(str(digit)) for digit in row[::2]] for row in answer[::2]]}


futoshiki = GymTask(
    "futoshiki",
    ("_", " ", "<", ">", "∧", "∨", *DIGITS[1:]),
    lambda settings: (2 * settings["max_board_size"] - 1,) * 2,
    read_futoshiki,
    table,
    {"min_board_size": 4, "max_board_size": 4},
    futoshiki_digits,
    grid(FOUR),
)


def read_kakurasu(entry: Entry) -> tuple[Rows, Rows]:
    """Return the cells with their sums on the right and below. The sums are not scored."""
    meta = entry["metadata"]
    question: Rows = [[*["_"] * meta["n_cols"], str(total)] for total in meta["row_sums"]]
    question.append([*map(str, meta["col_sums"]), "+"])
    answer: Rows = [[*map(str, row), None] for row in meta["solution"]]
    return question, [*answer, [None] * (meta["n_cols"] + 1)]


def kakurasu_sums(question: Rows, answer: Rows) -> dict[str, Any]:
    rows, columns = [row[-1] for row in question[:-1]], question[-1][:-1]
    return {
        "row_sums": [int(str(total)) for total in rows],
        "col_sums": [int(str(total)) for total in columns],
        "n_rows": len(rows),
        "n_cols": len(columns),
    }


KAKURASU_SUMS = ("+", *map(str, range(29)))

kakurasu = GymTask(
    "kakurasu",
    ("_", *KAKURASU_SUMS),
    lambda settings: (settings["max_rows"] + 1, settings["max_cols"] + 1),
    read_kakurasu,
    table,
    {"max_rows": 5, "max_cols": 5},
    kakurasu_sums,
    grid(),
    fixed_symbols=KAKURASU_SUMS,
)


def read_survo(entry: Entry) -> tuple[Rows, Rows]:
    """Return the matrix with the numbers to place below it. Those are not scored."""
    meta = entry["metadata"]
    candidates = [str(number) for number in meta["candidate_numbers"]]
    return [*cells(meta["puzzle"], "_"), list(candidates)], [*cells(meta["solution"]), [None] * len(candidates)]


SURVO_NUMBERS = tuple(map(str, range(1, 200)))

survo = GymTask(
    "survo",
    ("_", *SURVO_NUMBERS),
    lambda settings: (settings["max_board_size"] + 1, max(settings["max_board_size"], settings["max_empty"])),
    read_survo,
    table,
    {"max_board_size": 5, "max_empty": 5},
    lambda question, answer: {"board_size": len(answer), "solution": numbers(answer)},
    grid(),
    fixed_symbols=SURVO_NUMBERS,
)


def read_n_queens(entry: Entry) -> tuple[Rows, Rows] | None:
    """Return the board, or None if it can be completed in more than one way."""
    meta = entry["metadata"]
    if len(meta["valid_answers"]) > 1:
        return None
    return meta["puzzle"], [row.split() for row in entry["answer"].split("\n")]


def queen_lines(rows: int, columns: int) -> Structure:
    """Return the structure of the lines along which a queen attacks."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    lines = {"row": row, "column": column, "falling": row - column + columns - 1, "rising": row + column}
    return Structure(
        grid=(rows, columns),
        relations={name: groups.tolist() for name, groups in lines.items()},
        alike=[["row", "column"], ["falling", "rising"]],
    )


n_queens = GymTask(
    "n_queens",
    ("_", "Q"),
    square("n"),
    read_n_queens,
    table,
    {"n": 8},
    lambda question, answer: {"valid_answers": [table(answer)]},
    queen_lines,
)


def read_game_of_life(entry: Entry) -> tuple[Rows, Rows]:
    """Around the grid, whose edges meet, stand the cells from its other side; they are not scored."""
    text = entry["question"]
    question = np.pad(json.loads(text[text.rindex("[[") :].rstrip().rstrip(".")), 1, mode="wrap")
    inner: Rows = [[None, *row, None] for row in cells(json.loads(entry["answer"]))]
    edge: Rows = [[None] * question.shape[1]]
    return cells(question.tolist()), [*edge, *inner, *edge]


def edge(rows: int, columns: int) -> tuple[int, ...]:
    """Return the positions in the first and the last row and column."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return tuple(np.flatnonzero((row % (rows - 1) == 0) | (column % (columns - 1) == 0)).tolist())


game_of_life = GymTask(
    "game_of_life",
    ("0", "1"),
    lambda settings: (settings["grid_size_y"] + 2, settings["grid_size_x"] + 2),
    read_game_of_life,
    lambda rows: "[" + ",".join("[" + ",".join(map(str, row)) + "]" for row in rows) + "]",
    {"grid_size_x": 6, "grid_size_y": 6, "filled_cells": 18},  # with fewer cells, an empty grid scores 0.96
    structure=grid(EIGHT),
    fixed=edge,
)


def read_rotate_matrix(entry: Entry) -> tuple[Rows, Rows]:
    """Return the matrix with the number of quarter turns above it."""
    meta = entry["metadata"]
    return [[f"turn {meta['num_rotations'] % 4}"], *cells(meta["matrix"])], [[None], *cells(meta["solution"])]


QUARTER_TURNS = tuple(f"turn {quarters}" for quarters in range(4))

rotate_matrix = GymTask(
    "rotate_matrix",
    (*DIGITS, *QUARTER_TURNS),
    square("max_n", more_rows=1),
    read_rotate_matrix,
    table,
    {"max_n": 5},
    structure=grid(),
    fixed_symbols=QUARTER_TURNS,
)


def read_spiral_matrix(entry: Entry) -> tuple[Rows, Rows]:
    size, solution = entry["metadata"]["n"], entry["metadata"]["solution"]
    rows = [solution[start : start + size] for start in range(0, size**2, size)]
    return cells(entry["metadata"]["matrix"]), cells(rows)


spiral_matrix = GymTask(
    "spiral_matrix", DIGITS, square("max_n"), read_spiral_matrix, flat, {"max_n": 5}, structure=grid()
)


def read_matrices(entry: Entry) -> tuple[Rows, Rows]:
    return cells(entry["metadata"]["matrix"]), cells(entry["metadata"]["solution"])


binary_matrix = GymTask(
    "binary_matrix", DIGITS, square("max_n"), read_matrices, table, {"max_n": 6}, structure=grid(FOUR)
)


def read_modulo_grid(entry: Entry) -> tuple[Rows, Rows]:
    answer: Rows = [list(row) for row in entry["answer"].split("\n")]
    lines = [line for line in entry["question"].split("\n") if line and set(line) <= set("✅❌❔")]
    return [list(line) for line in lines[-len(answer) :]], answer


modulo_grid = GymTask(
    "modulo_grid",
    ("✅", "❌", "❔"),
    lambda settings: (settings["size_y"], settings["size_x"]),
    read_modulo_grid,
    lambda rows: "\n".join("".join(map(str, row)) for row in rows),
    {"size_x": 10, "size_y": 10, "max_divisor": 9, "max_target": 9},
    structure=grid(EIGHT),
    split_by_answer=True,
)


def read_arc_1d(entry: Entry) -> tuple[Rows, Rows]:
    """Return the examples and the test, each with its result below it. Only the last row is scored."""
    meta = entry["metadata"]
    shown = [row for example in meta["train_examples"] for row in (example["input"], example["output"])]
    test, answer = meta["test_example"]["input"], meta["test_example"]["output"]
    unscored: Rows = [[None] * meta["size"] for _ in range(len(shown) + 1)]
    return [*cells([*shown, test]), ["?"] * meta["size"]], [*unscored, *cells([answer])]


arc_1d = GymTask(
    "arc_1d",
    (*DIGITS, "?"),
    lambda settings: (2 * settings["num_train"] + 2, settings["max_size"]),
    read_arc_1d,
    table,
    {"num_train": 3, "max_size": 20},
    structure=grid([(0, 1), (0, -1)]),
    fixed=lambda rows, columns: tuple(range((rows - 1) * columns)),
)


def number_of_grid(name: str, key: str, shape: Shape, **settings: Any) -> GymTask:
    """Create a task that asks for a number about a matrix. Its digits fill the first row."""
    return GymTask(
        name,
        (*DIGITS, "-"),
        shape,
        lambda entry: (cells(entry["metadata"][key]), line(entry["answer"])),
        text,
        settings,
        structure=grid(FOUR),
    )


rotten_oranges = number_of_grid("rotten_oranges", "matrix", square("max_n"), min_n=5, max_n=8)
largest_island = number_of_grid(
    "largest_island",
    "grid",
    lambda settings: (settings["max_rows"], settings["max_cols"]),
    max_rows=10,
    max_cols=10,
)
