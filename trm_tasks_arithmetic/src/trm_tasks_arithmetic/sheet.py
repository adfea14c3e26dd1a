"""Problems as tokens: three rows as on paper, each with a sign and digits aligned by place.

::

    + 0 1 2 3
    + 0 4 5 6      the sign in front of the second operand is the operator: + - ×
    ? ? ? ? ?      in the labels + 0 5 7 9

Every cell is scored. The operand rows are fixed: an answer always repeats them. All rows have the width of the longest
answer, with leading zeros.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm import Structure
from trm.data import Description
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.numbers import Digits, Negative, compute

Tokens = npt.NDArray[np.int8]

PAD = 0  # not used by this task; token 0 means padding in datasets on disk
ZERO = 1
PLUS, MINUS, TIMES, UNKNOWN = 11, 12, 13, 14
TOKEN_NAMES = ("pad", *"0123456789", "+", "-", "×", "?")

OPERATORS = {"add": PLUS, "subtract": MINUS, "multiply": TIMES}
ROWS = 3
FIRST, SECOND, ANSWER = range(ROWS)

# The next higher and lower place of the same number, and the same place of the other numbers.
NEIGHBOURS = [(0, -1), (0, 1), (-1, 0), (1, 0), (-2, 0), (2, 0)]


def columns(config: ArithmeticConfig) -> int:
    """Return the number of cells in a row: the sign and the digits of the longest answer."""
    return 1 + config.answer_digits


def describe(config: ArithmeticConfig) -> Description:
    """Return vocabulary, length and structure of the sheet: rows are numbers, columns are places."""
    width = columns(config)
    structure = Structure(
        grid=(ROWS, width),
        relations={
            "number": np.repeat(np.arange(ROWS), width).tolist(),
            "place": np.tile(np.arange(width), ROWS).tolist(),
        },
        neighbours=NEIGHBOURS,
    )
    return Description(
        vocab_size=len(TOKEN_NAMES),
        seq_len=ROWS * width,
        pad_id=PAD,
        token_names=TOKEN_NAMES,
        structure=structure,
        fixed=tuple(range(ANSWER * width)),
    )


def problems(first: Digits, second: Digits, config: ArithmeticConfig) -> Tokens:
    """Return the inputs ``[N, L]`` for operands ``[N, digits]``."""
    sheets = np.full((len(first), ROWS, columns(config)), ZERO, dtype=np.int8)
    sheets[:, FIRST, 0] = PLUS
    sheets[:, SECOND, 0] = OPERATORS[config.operation]
    sheets[:, FIRST, -config.digits :] += first
    sheets[:, SECOND, -config.digits :] += second
    sheets[:, ANSWER] = UNKNOWN
    return sheets.reshape(len(first), -1)


def solutions(first: Digits, second: Digits, config: ArithmeticConfig) -> Tokens:
    """Return the labels ``[N, L]`` for operands ``[N, digits]``: the problems with their answers filled in."""
    labels = problems(first, second, config)
    sheets = rows_of(labels)
    negative, answers = compute(config.operation, first, second)
    sheets[:, ANSWER, 0] = signs(negative)
    sheets[:, ANSWER, 1:] = ZERO + answers
    return labels


def signs(negative: Negative) -> Tokens:
    """Return the sign token ``[N]`` of each answer; zero has a plus."""
    return np.where(negative, MINUS, PLUS).astype(np.int8)


def rows_of(tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return a view ``[..., 3, columns]`` of sheets ``[..., L]``."""
    return tokens.reshape(*tokens.shape[:-1], ROWS, -1)


def operands(tokens: npt.NDArray[np.integer], config: ArithmeticConfig) -> tuple[Digits, Digits]:
    """Return the operands ``[..., digits]`` of sheets ``[..., L]``."""
    digits = rows_of(tokens)[..., :ANSWER, -config.digits :] - ZERO
    return digits[..., FIRST, :].astype(np.int8), digits[..., SECOND, :].astype(np.int8)


def is_digit(tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Return which tokens are digits."""
    return (tokens >= ZERO) & (tokens < ZERO + 10)
