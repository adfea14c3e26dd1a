"""Tests of problems against Python's integers, and of splits, symmetry, text and rendering."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.dataset import build
from trm_tasks_arithmetic.metrics import DigitAccuracy
from trm_tasks_arithmetic.numbers import from_text
from trm_tasks_arithmetic.renderer import ColumnRenderer
from trm_tasks_arithmetic.sheet import ANSWER, PLUS, UNKNOWN, ZERO, operands, problems, rows_of, solutions
from trm_tasks_arithmetic.splits import in_test
from trm_tasks_arithmetic.symmetry import Exchange
from trm_tasks_arithmetic.text import SYMBOL_OF, check, format, read

from trm.errors import PuzzleError, UsageError

OPERATIONS = ["add", "subtract", "multiply"]
EXACT = {"add": int.__add__, "subtract": int.__sub__, "multiply": int.__mul__}


def parse(text: str, config: ArithmeticConfig) -> list[np.ndarray]:
    return read(text, config).strictly()


def digits_of(number: int, config: ArithmeticConfig) -> np.ndarray:
    return from_text(str(number), config.digits)[None]


@st.composite
def cases(draw: st.DrawFn) -> tuple[ArithmeticConfig, int, int]:
    config = ArithmeticConfig(operation=draw(st.sampled_from(OPERATIONS)), digits=draw(st.integers(1, 32)))
    numbers = st.integers(0, 10**config.digits - 1)
    return config, draw(numbers), draw(numbers)


@given(cases())
def test_solutions_are_pythons_and_survive_text(case: tuple[ArithmeticConfig, int, int]) -> None:
    config, first, second = case
    pair = digits_of(first, config), digits_of(second, config)
    inputs, labels = problems(*pair, config)[0], solutions(*pair, config)[0]
    problem = f"{first} {SYMBOL_OF[config.operation]} {second} ="
    assert format(inputs, config) == problem
    assert format(labels, config) == f"{problem} {EXACT[config.operation](first, second)}"
    assert (parse(problem, config)[0] == inputs).all()
    assert (parse(format(labels, config), config)[0] == inputs).all()
    assert check(inputs, labels, config) is None


@given(cases(), st.data())
def test_every_changed_cell_is_found(case: tuple[ArithmeticConfig, int, int], data: st.DataObject) -> None:
    config, first, second = case
    pair = digits_of(first, config), digits_of(second, config)
    inputs, answer = problems(*pair, config)[0], solutions(*pair, config)[0]
    cell = data.draw(st.integers(0, len(answer) - 1))
    answer[cell] = data.draw(st.integers(0, UNKNOWN).filter(lambda token: token != answer[cell]))
    problem = check(inputs, answer, config)
    assert problem is not None
    assert problem.endswith(".")


@given(cases())
def test_a_pair_is_in_one_split_whatever_its_order_and_leading_zeros(case: tuple[ArithmeticConfig, int, int]) -> None:
    config, first, second = case
    longer = config.model_copy(update={"digits": config.digits + 3})
    expected = in_test(digits_of(first, config), digits_of(second, config))[0]
    assert in_test(digits_of(second, config), digits_of(first, config))[0] == expected
    assert in_test(digits_of(first, longer), digits_of(second, longer))[0] == expected


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("digits", [2, 3, 7])
def test_no_pair_of_the_test_split_is_in_training(operation: str, digits: int) -> None:
    config = ArithmeticConfig(operation=operation, digits=digits)
    pairs = {}
    for split, seed in (("train", 0), ("test", 0), ("test", 1)):
        puzzles = build(config, split, seed)
        assert len({row.tobytes() for row in puzzles.inputs}) == len(puzzles)
        first, second = (
            values.astype(np.int64) @ 10 ** np.arange(digits)[::-1] for values in operands(puzzles.inputs, config)
        )
        pairs[split, seed] = {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}
        exact = [EXACT[operation](a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
        assert [int(format(row, config).split("=")[1]) for row in puzzles.labels] == exact
    assert not pairs["train", 0] & (pairs["test", 0] | pairs["test", 1])


def test_same_seed_same_data_and_another_seed_other_data() -> None:
    config = ArithmeticConfig(train_examples=500)
    assert (build(config, "train", 3).inputs == build(config, "train", 3).inputs).all()
    assert (build(config, "train", 3).inputs != build(config, "train", 4).inputs).any()


def test_all_operands_come_up_in_the_whole_of_a_split() -> None:
    config = ArithmeticConfig(digits=2, train_examples=8000)
    first, _ = operands(build(config, "train", 0).inputs, config)
    assert len(np.unique(first, axis=0)) == 100


def test_more_problems_than_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"task.test_examples = 99: with operands of 1 digit, there are only \d+ problems"
    ):
        build(ArithmeticConfig(digits=1, test_examples=99), "test", 0)


@settings(max_examples=30)
@given(st.sampled_from(OPERATIONS), st.integers(1, 6), st.integers(0, 1000))
def test_exchanged_labels_are_right_and_invert_undoes(operation: str, digits: int, seed: int) -> None:
    config = ArithmeticConfig(operation=operation, digits=digits, test_examples=5)
    puzzles = build(config, "test", seed)
    exchange = Exchange(config)
    inputs, labels, token = exchange.apply(np.random.default_rng(seed), puzzles.inputs, puzzles.labels)
    assert all(check(*pair, config) is None for pair in zip(inputs, labels, strict=True))
    assert (exchange.invert(labels, token) == puzzles.labels).all()
    first, second = operands(puzzles.inputs, config)
    assert (operands(inputs, config)[0] == np.where(token[:, None], second, first)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text contains no problem. Expected lines such as '123 \\+ 321'"),
        ("1 + 2\n\nabc", "Line 3: 'abc' is not a problem. Write two non-negative integers, as in '123 \\+ 321'"),
        ("1.5 + 2", "Line 1: '1.5 \\+ 2' is not a problem"),
        ("-1 + 2", "Line 1: '-1 \\+ 2' is not a problem"),
        ("٣ + 2", "is not a problem"),
        ("5 - 3", "Line 1: '5 - 3' has operation 'subtract', but the model was trained for 'add'"),
        ("1000 + 1", "Line 1: '1000 \\+ 1' has an operand of 4 digits. The model accepts at most 3"),
        ("9" * 5000 + "+1", r"^Line 1: '9{40}\.\.\.' has an operand of 5000 digits\. The model accepts at most 3\.$"),
    ],
)
def test_errors_name_bad_lines(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        parse(text, ArithmeticConfig())


def test_a_bad_line_does_not_stop_the_rest() -> None:
    found = list(read("1 + 2\nabc\n3 + 4", ArithmeticConfig()).puzzles)
    assert [isinstance(puzzle, PuzzleError) for puzzle in found] == [False, True, False]


@pytest.mark.parametrize(
    "text",
    ["123 + 456 # easy", "// a title\r\n\r\n123+456 = ?\r\n", "# one\n 0_123\t+ 456", "0,123 + 456", "123 + 456 = 579"],
)
def test_everyday_forms_are_read_alike(text: str) -> None:
    config = ArithmeticConfig(digits=4)
    assert (parse(text, config)[0] == parse("123 + 456", config)[0]).all()


def test_check_says_what_is_wrong() -> None:
    config = ArithmeticConfig()
    inputs = parse("0123+456", config)[0]
    answer = solutions(*(row[None] for row in operands(inputs, config)), config)[0]
    rows_of(answer)[ANSWER, -1] = ZERO
    assert check(inputs, answer, config) == "123 + 456 = 579, not 570."
    rows_of(answer)[ANSWER, -1] = PLUS
    assert check(inputs, answer, config) == "The answer '57+' is not a number."
    rows_of(answer)[0, -1] = ZERO
    assert check(inputs, answer, config) == "The problem '123 + 456 =' was changed to '120 + 456 = 57+'."


def shown(config: ArithmeticConfig, *arrays: np.ndarray) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(ColumnRenderer(config).render(*arrays))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_sheet_as_on_paper() -> None:
    config = ArithmeticConfig(operation="subtract")
    inputs = parse("23 - 456", config)[0]
    labels = solutions(*(row[None] for row in operands(inputs, config)), config)[0]
    assert shown(config, inputs, labels).split("\n")[:4] == ["   23", "- 456", "─────", " -433"]
    wrong = labels.copy()
    wrong[-1] = ZERO
    assert shown(config, inputs, wrong, labels).split("\n")[3:5] == [" -430", "    ^"]


def test_digit_accuracy_counts_the_answers_digits_alone() -> None:
    config = ArithmeticConfig()
    labels = build(config, "test", 0).labels[:10]
    predictions = labels.copy()
    rows_of(predictions)[:, ANSWER, -1] = PLUS
    rows_of(predictions)[:, 0] = PLUS
    metric = DigitAccuracy(config)
    metric.update({"labels": labels, "predictions": predictions})
    assert metric.compute() == pytest.approx(3 / 4)
