"""The board of `trm play`: two operands to type, and an equation that must be true."""

from __future__ import annotations

from trm.render import Board, Count, Equation, TokenLook
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.sheet import ANSWER, FIRST, MINUS, OPERATORS, PLUS, ROWS, SECOND, UNKNOWN, ZERO, columns
from trm_tasks_arithmetic.text import SYMBOL_OF

NOUNS = {"add": "sum", "subtract": "difference", "multiply": "product"}


def board(config: ArithmeticConfig) -> Board:
    """The board of problems of one operation and length."""
    width = columns(config)
    first, second, answer = (tuple(range(row * width, (row + 1) * width)) for row in (FIRST, SECOND, ANSWER))
    operator = SYMBOL_OF[config.operation]
    digits = first[-config.digits :], second[-config.digits :]
    empty = [ZERO] * (2 * width) + [UNKNOWN] * width
    empty[first[0]], empty[second[0]] = PLUS, OPERATORS[config.operation]
    example = "123456789"[: config.digits]
    return Board(
        looks=(
            TokenLook(text="", name="padding", role="padding"),
            *(TokenLook(text=digit, keys=digit) for digit in "0123456789"),
            TokenLook(text="+", name="plus", role="sign", keys="+"),
            TokenLook(text="−", name="minus", role="sign", keys="-"),
            TokenLook(text="×", name="times", role="sign", keys="×"),
            TokenLook(text="?", name="unknown", role="blank"),
        ),
        columns=width,
        puzzle=NOUNS[config.operation],
        blank=ZERO,
        editable=(*digits[0], *digits[1]),
        empty=tuple(empty),
        boxes=tuple(int(row == ANSWER) for row in range(ROWS) for _ in range(width)),
        text=(digits[0], operator, digits[1], "=", answer),
        rules=(
            Count(groups=(answer[:1],), tokens=(PLUS, MINUS), least=1),
            Count(groups=(answer[1:],), tokens=tuple(range(ZERO, ZERO + 10)), least=width - 1),
            Equation(text=(first, second, "=", answer)),
        ),
        hint=f"Type the digits of both numbers, or paste them, as in {example}{operator}{example[::-1]}.",
    )
