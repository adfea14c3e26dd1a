"""The tasks by their names in reasoning-gym: how each one's questions and answers are read, and its answers written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from trm import Structure
from trm_tasks_reasoning_gym.gym_task import Entry, GymTask, Rows, nothing

DIGITS = tuple("0123456789")
FOUR = [(0, 1), (1, 0), (0, -1), (-1, 0)]
EIGHT = [*FOUR, (1, 1), (1, -1), (-1, 1), (-1, -1)]

Shape = Callable[[Mapping[str, Any]], tuple[int, int]]


def square(setting: str, more_rows: int = 0) -> Shape:
    """As many rows and columns as a setting says."""
    return lambda settings: (settings[setting] + more_rows, settings[setting])


def one_row(length: int) -> Shape:
    return lambda settings: (1, length)


# Rows from numbers and text, and back


def cells(matrix: list[list[Any]], empty: str = "0") -> Rows:
    """A matrix as rows; `empty` stands for its zeros."""
    return [[str(value) if value != 0 else empty for value in row] for row in matrix]


def line(text: object) -> Rows:
    """The characters of a text in one row."""
    return [list(str(text))]


def words(rows: Rows) -> list[str]:
    """The words that the characters of an answer spell."""
    return text(rows).split()


def text(rows: Rows) -> str:
    return "".join(str(symbol) for row in rows for symbol in row)


def table(rows: Rows) -> str:
    """Symbols separated by spaces, in lines."""
    return "\n".join(" ".join(map(str, row)) for row in rows)


def flat(rows: Rows) -> str:
    return " ".join(table(rows).split())


def numbers(rows: Rows) -> list[list[int]]:
    return [[int(str(symbol)) for symbol in row] for row in rows]


# What a relational model is told


def grid(neighbours: list[tuple[int, int]] | None = None) -> Callable[[int, int], Structure]:
    """Rows, columns and, on request, neighbours."""

    def structure(rows: int, columns: int) -> Structure:
        row, column = np.divmod(np.arange(rows * columns), columns)
        relations = {"row": row.tolist(), "column": column.tolist()}
        return Structure(grid=(rows, columns), relations=relations, neighbours=neighbours or [])

    return structure


def boxes(side: int, first: int) -> Callable[[int, int], Structure]:
    """Rows, columns and boxes of a Sudoku, whose digits, from token `first`, are interchangeable."""

    def structure(rows: int, columns: int) -> Structure:
        row, column = np.divmod(np.arange(rows * columns), columns)
        box = row // side * side + column // side
        return Structure(
            grid=(rows, columns),
            relations={"row": row.tolist(), "column": column.tolist(), "box": box.tolist()},
            alike=[["row", "column"]],
            interchangeable=list(range(first, first + side**2)),
        )

    return structure


# Grids


def sudoku_of(name: str, side: int, **settings: Any) -> GymTask:
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
    )


mini_sudoku = sudoku_of("mini_sudoku", side=2)
sudoku = sudoku_of("sudoku", side=3)


def read_futoshiki(entry: Entry) -> tuple[Rows, Rows]:
    """Digits with the signs between them, on a grid that has cells for both."""
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
    """The sums stand beside and below the cells, and are not scored."""
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


kakurasu = GymTask(
    "kakurasu",
    ("_", "+", *map(str, range(29))),
    lambda settings: (settings["max_rows"] + 1, settings["max_cols"] + 1),
    read_kakurasu,
    table,
    {"max_rows": 5, "max_cols": 5},
    kakurasu_sums,
    grid(),
)


def read_survo(entry: Entry) -> tuple[Rows, Rows]:
    """The numbers to place stand below the matrix, and are not scored."""
    meta = entry["metadata"]
    candidates = [str(number) for number in meta["candidate_numbers"]]
    return [*cells(meta["puzzle"], "_"), list(candidates)], [*cells(meta["solution"]), [None] * len(candidates)]


survo = GymTask(
    "survo",
    ("_", *map(str, range(1, 200))),
    lambda settings: (settings["max_board_size"] + 1, max(settings["max_board_size"], settings["max_empty"])),
    read_survo,
    table,
    {"max_board_size": 5, "max_empty": 5},
    lambda question, answer: {"board_size": len(answer), "solution": numbers(answer)},
    grid(),
)


def read_n_queens(entry: Entry) -> tuple[Rows, Rows] | None:
    """Boards that can be completed in one way only."""
    meta = entry["metadata"]
    if len(meta["valid_answers"]) > 1:
        return None
    return meta["puzzle"], [row.split() for row in entry["answer"].split("\n")]


def queen_lines(rows: int, columns: int) -> Structure:
    """The lines along which a queen attacks."""
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


game_of_life = GymTask(
    "game_of_life",
    ("0", "1"),
    lambda settings: (settings["grid_size_y"] + 2, settings["grid_size_x"] + 2),
    read_game_of_life,
    lambda rows: "[" + ",".join("[" + ",".join(map(str, row)) + "]" for row in rows) + "]",
    {"grid_size_x": 6, "grid_size_y": 6, "filled_cells": 18},  # of few cells nearly all die: an empty grid scores 0.96
    structure=grid(EIGHT),
)


def read_rotate_matrix(entry: Entry) -> tuple[Rows, Rows]:
    """The number of quarter turns stands above the matrix."""
    meta = entry["metadata"]
    return [[f"turn {meta['num_rotations'] % 4}"], *cells(meta["matrix"])], [[None], *cells(meta["solution"])]


rotate_matrix = GymTask(
    "rotate_matrix",
    (*DIGITS, *(f"turn {quarters}" for quarters in range(4))),
    square("max_n", more_rows=1),
    read_rotate_matrix,
    table,
    {"max_n": 5},
    structure=grid(),
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
)


def read_arc_1d(entry: Entry) -> tuple[Rows, Rows]:
    """The examples and the test, each line with its result below it; only the last one is scored."""
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
)


def number_of_grid(name: str, key: str, shape: Shape, **settings: Any) -> GymTask:
    """A number that is asked for a matrix; its digits stand in the first row."""
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


# Sequences


def characters(
    name: str,
    symbols: str,
    length: int,
    question: Callable[[dict[str, Any]], object],
    write: Callable[[Rows], str] = text,
    metadata: Callable[[Rows, Rows], dict[str, Any]] = nothing,
    read_answer: Callable[[str], str] = str,
    **settings: Any,
) -> GymTask:
    """A question and an answer of single characters, the question made of an entry's metadata."""
    return GymTask(
        name,
        tuple(symbols),
        one_row(length),
        lambda entry: (line(question(entry["metadata"])), line(read_answer(entry["answer"]))),
        write,
        settings,
        metadata,
    )


LETTERS = ascii_lowercase + ascii_uppercase
TEXT = LETTERS + "0123456789 .,;:!?'\"()-_—’"


def commas(rows: Rows) -> str:
    return ", ".join(words(rows))


def spaces(answer: str) -> str:
    return answer.replace(",", "")


spell_backward = characters("spell_backward", LETTERS, 10, lambda meta: meta["word"], max_word_len=10)
word_sequence_reversal = characters(
    "word_sequence_reversal", TEXT, 40, lambda meta: " ".join(meta["words"]), commas, read_answer=spaces, max_words=4
)
word_sorting = characters(
    "word_sorting",
    TEXT + "<>",
    40,
    lambda meta: ("<" if meta["direction"] == "ascending" else ">") + " ".join(meta["original_words"]),
    commas,
    lambda question, answer: {"sorted_words": words(answer)},
    spaces,
    max_words=4,
)
string_insertion = characters("string_insertion", "ABCDE", 25, lambda meta: meta["string"])
caesar_cipher = characters(
    "caesar_cipher", ascii_uppercase + " ", 40, lambda meta: meta["cipher_text"], min_words=3, max_words=6
)
letter_counting = characters(
    "letter_counting", TEXT, 60, lambda meta: f"{meta['target_letter']} {' '.join(meta['span'])}", max_words=10
)
binary_alternation = characters("binary_alternation", "0123456789-", 32, lambda meta: meta["string"], max_n=30)

number_sequence = characters(
    "number_sequence", "0123456789- ", 40, lambda meta: " ".join(map(str, meta["sequence"][:-1]))
)
chain_sum = characters("chain_sum", "0123456789+-", 30, lambda meta: meta["expression"].replace(" ", ""))
products = characters("products", "0123456789*-", 11, lambda meta: meta["expression"].replace(" ", ""))
gcd = characters("gcd", "0123456789 ", 9, lambda meta: " ".join(map(str, meta["numbers"])))
lcm = characters("lcm", "0123456789 ", 7, lambda meta: " ".join(map(str, meta["numbers"])))
count_bits = characters("count_bits", "0123456789", 10, lambda meta: meta["number"])
base_conversion = characters(
    "base_conversion",
    "0123456789abcdef ",
    16,
    lambda meta: f"{meta['source_base']} {meta['target_base']} {meta['source_repr']}",
    min_value=1,  # of 0 reasoning-gym makes an empty text
)
simple_equations = characters(
    "simple_equations", f"0123456789+-*={ascii_lowercase}", 32, lambda meta: meta["equation"].replace(" ", "")
)
prime_factorization = characters(
    "prime_factorization",
    "0123456789×",
    18,
    lambda meta: meta["number"],
    lambda rows: text(rows).replace("×", " × "),
    read_answer=lambda answer: answer.replace(" ", ""),
)


def fractions(question: Rows, answer: Rows) -> dict[str, Any]:
    (numerator, denominator), (simple_numerator, simple_denominator) = (
        text(rows).split("/") for rows in (question, answer)
    )
    return {
        "numerator": int(numerator),
        "denominator": int(denominator),
        "simplified_numerator": int(simple_numerator),
        "simplified_denominator": int(simple_denominator),
    }


fraction_simplification = characters(
    "fraction_simplification",
    "0123456789/",
    13,
    lambda meta: f"{meta['numerator']}/{meta['denominator']}",
    metadata=fractions,
    styles=("plain",),
)


def read_number_sorting(entry: Entry) -> tuple[Rows, Rows]:
    """Each whole number is a symbol of its own."""
    meta = entry["metadata"]
    return [[meta["direction"], *meta["original_numbers"]]], [meta["sorted_numbers"]]


number_sorting = GymTask(
    "number_sorting",
    ("ascending", "descending", "-0.0", *(f"{number}.0" for number in range(-100, 101))),
    lambda settings: (1, settings["max_numbers"] + 1),
    read_number_sorting,
    lambda rows: str([str(symbol) for row in rows for symbol in row]),
    {"max_numbers": 10, "min_decimals": 0, "max_decimals": 0},
    lambda question, answer: {"direction": question[0][0]},
)


def read_ab(entry: Entry) -> tuple[Rows, Rows]:
    program = entry["question"].split("program:\n\n")[-1].split("\n")[0]
    return [program.split()], [entry["answer"].split()]


ab = GymTask("ab", ("A#", "#A", "B#", "#B"), lambda settings: (1, settings["length"]), read_ab, flat, {"length": 10})
