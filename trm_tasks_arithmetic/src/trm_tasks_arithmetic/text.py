"""Problems as text, one per line: ``123 + 456``, with optional spaces and an optional ``= ...``.

Text after the ``=`` is ignored, so an answer can be read as a problem again. Empty lines and comments (``#``, ``//``) are
skipped. Digits may be grouped by commas or underscores, as in ``1,234,567 + 1_000``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from trm.data import Reading
from trm.errors import PuzzleError
from trm_tasks_arithmetic.config import ArithmeticConfig, Operation
from trm_tasks_arithmetic.numbers import compute, from_text
from trm_tasks_arithmetic.sheet import (
    ANSWER,
    MINUS,
    PLUS,
    TOKEN_NAMES,
    UNKNOWN,
    ZERO,
    Tokens,
    is_digit,
    operands,
    problems,
    rows_of,
)

SYMBOLS: dict[str, Operation] = {
    "+": "add",
    "-": "subtract",
    "−": "subtract",
    "*": "multiply",
    "×": "multiply",
    "x": "multiply",
    "X": "multiply",
    "·": "multiply",
}
SYMBOL_OF: dict[Operation, str] = {"add": "+", "subtract": "-", "multiply": "×"}
LONGEST_QUOTE = 40  # maximum number of characters quoted from an invalid line
NUMBER = r"([0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)"
_PROBLEM = re.compile(rf"\s*{NUMBER}\s*([-+−*×xX·])\s*{NUMBER}\s*(?:=.*)?")
_COMMENT = re.compile(r"(?:#|//).*")


def read(text: str, config: ArithmeticConfig) -> Reading:
    """Read the problems of a text, each as tokens ``[L]``, or as the error of its line.

    Raises:
        PuzzleError: the text contains no problem.
    """
    written = ((number, _COMMENT.sub("", line)) for number, line in enumerate(text.splitlines(), start=1))
    lines = [(number, line) for number, line in written if line.strip()]
    if not lines:
        raise PuzzleError(f"The text contains no problem. Expected lines such as {_example(config)!r}.")
    return Reading("one problem per line", _problems(lines, config), usual=True)


def _problems(lines: Iterable[tuple[int, str]], config: ArithmeticConfig) -> Iterator[Tokens | PuzzleError]:
    for number, line in lines:
        try:
            yield _parse_line(line, number, config)
        except PuzzleError as error:
            yield error


def format(tokens: npt.NDArray[np.integer], config: ArithmeticConfig) -> str:
    """Format tokens ``[L]``: a problem as ``123 + 456 =``, an answer as ``123 + 456 = 579``."""
    first, second, answer = rows_of(tokens)
    problem = f"{_written(first)} {SYMBOL_OF[config.operation]} {_number(second[1:])} ="
    return problem if (answer == UNKNOWN).all() else f"{problem} {_written(answer)}"


def check(inputs: npt.NDArray[np.integer], answer: npt.NDArray[np.integer], config: ArithmeticConfig) -> str | None:
    """Return what is wrong with an answer ``[L]`` to a problem ``[L]`` as one sentence; None if it is correct.

    An answer is a whole sheet. It is also wrong if its operands differ from those of the problem.
    """
    if (rows_of(answer)[:ANSWER] != rows_of(inputs)[:ANSWER]).any():
        return f"The problem {format(inputs, config)!r} was changed to {format(answer, config)!r}."
    given = rows_of(answer)[ANSWER]
    if given[0] not in (PLUS, MINUS) or not is_digit(given[1:]).all():
        return f"The answer {_written(given)!r} is not a number."
    negative, right = compute(config.operation, *(operand[None] for operand in operands(inputs, config)))
    expected = np.array([MINUS if negative[0] else PLUS, *(ZERO + right[0])])
    if (given == expected).all():
        return None
    return f"{format(inputs, config)} {_written(expected)}, not {_written(given)}."


def _parse_line(line: str, number: int, config: ArithmeticConfig) -> Tokens:
    where = f"Line {number}: {_shortened(line.strip())!r}"
    match = _PROBLEM.fullmatch(line)
    if match is None:
        raise PuzzleError(f"{where} is not a problem. Write two non-negative integers, as in {_example(config)!r}.")
    first, symbol, second = (part.replace(",", "").replace("_", "") for part in match.groups())
    operation = SYMBOLS[symbol]
    if operation != config.operation:
        raise PuzzleError(f"{where} has operation {operation!r}, but the model was trained for {config.operation!r}.")
    for operand in (first, second):
        digits = len(operand.lstrip("0"))
        if digits > config.digits:
            raise PuzzleError(f"{where} has an operand of {digits} digits. The model accepts at most {config.digits}.")
    return problems(from_text(first, config.digits)[None], from_text(second, config.digits)[None], config)[0]


def _example(config: ArithmeticConfig) -> str:
    digits = ("123456789" * 4)[: config.digits]
    return f"{digits} {SYMBOL_OF[config.operation]} {digits[::-1]}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def _written(row: npt.NDArray[np.integer]) -> str:
    """Write a row as a number without leading zeros and plus sign, or as its symbols if it is not a number."""
    number = _number(row[1:])
    return number if row[0] == PLUS else TOKEN_NAMES[row[0]] + number


def _number(digits: npt.NDArray[np.integer]) -> str:
    return "".join(TOKEN_NAMES[token] for token in digits).lstrip("0") or "0"
