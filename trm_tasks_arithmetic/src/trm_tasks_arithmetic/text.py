"""Problems as text, one a line: ``123 + 456``, with or without spaces, with or without ``= ...`` behind it.

An answer given behind the ``=`` is not read, so that an answer can be asked again. Empty lines are skipped.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from trm.errors import PuzzleError
from trm_tasks_arithmetic.config import ArithmeticConfig, Operation
from trm_tasks_arithmetic.numbers import compute, from_text, to_text
from trm_tasks_arithmetic.sheet import ANSWER, MINUS, PLUS, TOKEN_NAMES, UNKNOWN, ZERO, Tokens
from trm_tasks_arithmetic.sheet import is_digit, operands, problems, rows_of

SYMBOLS: dict[str, Operation] = {"+": "add", "-": "subtract", "−": "subtract", "*": "multiply", "×": "multiply", "x": "multiply"}
SYMBOL_OF: dict[Operation, str] = {"add": "+", "subtract": "-", "multiply": "×"}
_PROBLEM = re.compile(r"\s*([0-9]+)\s*([-+−*×x])\s*([0-9]+)\s*(?:=.*)?")


def parse(text: str, config: ArithmeticConfig) -> list[Tokens]:
    """All problems in a text, each as tokens ``[L]``.

    Raises:
        PuzzleError: a line that is no problem, another operation, an operand with too many digits, or no problem at all.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise PuzzleError(f"There is no problem in the text: expected lines such as {_example(config)!r}.")
    return [_parse_line(line, number, config) for number, line in lines]


def format(tokens: npt.NDArray[np.integer], config: ArithmeticConfig) -> str:  # noqa: A001
    """A problem as ``123 + 456 =``, an answer as ``123 + 456 = 579``, from tokens ``[L]``."""
    first, second = operands(tokens, config)
    problem = f"{to_text(first)} {SYMBOL_OF[config.operation]} {to_text(second)} ="
    answer = rows_of(tokens)[ANSWER]
    return problem if (answer == UNKNOWN).all() else f"{problem} {_written(answer)}"


def check(
    inputs: npt.NDArray[np.integer], answer: npt.NDArray[np.integer], config: ArithmeticConfig
) -> str | None:
    """What is wrong with an answer ``[L]`` to a problem ``[L]``, in one sentence; None where it is right."""
    given = rows_of(answer)[ANSWER]
    if given[0] not in (PLUS, MINUS) or not is_digit(given[1:]).all():
        return f"The answer {_written(given)!r} is not a number."
    negative, right = compute(config.operation, *(operand[None] for operand in operands(inputs, config)))
    expected = np.array([MINUS if negative[0] else PLUS, *(ZERO + right[0])])
    if (given == expected).all():
        return None
    return f"{format(inputs, config)} {_written(expected)}, not {_written(given)}."


def _parse_line(line: str, number: int, config: ArithmeticConfig) -> Tokens:
    match = _PROBLEM.fullmatch(line)
    if match is None:
        raise PuzzleError(
            f"Line {number}: {line.strip()!r} is not a problem. Write two whole numbers, as in {_example(config)!r}."
        )
    first, symbol, second = match.groups()
    operation = SYMBOLS[symbol]
    if operation != config.operation:
        raise PuzzleError(
            f"Line {number}: {line.strip()!r} is for operation {operation!r}, this model was made for {config.operation!r}."
        )
    for operand in (first, second):
        if len(operand.lstrip("0")) > config.digits:
            raise PuzzleError(
                f"Line {number}: {operand} has {len(operand.lstrip('0'))} digits, the task as set has {config.digits}."
            )
    rows = (from_text(operand, config.digits)[None] for operand in (first, second))
    return problems(*rows, config)[0]


def _example(config: ArithmeticConfig) -> str:
    digits = "123456789" * 4
    return f"{digits[: config.digits]} {SYMBOL_OF[config.operation]} {digits[: config.digits][::-1]}"


def _written(answer: npt.NDArray[np.integer]) -> str:
    """The answer's row as text: a number without leading zeros and plus, or what stands there if it is none."""
    text = "".join(TOKEN_NAMES[token] for token in answer[1:]).lstrip("0") or "0"
    return text if answer[0] == PLUS else TOKEN_NAMES[answer[0]] + text
