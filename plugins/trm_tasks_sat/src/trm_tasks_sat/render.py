"""The renderer: the clauses of a formula, and the values of the variables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from trm.data import IntArray

from .formulas import Clause
from .task import FALSE, TRUE, Config, formula_of

COLUMNS = 76


class Clauses:
    """Clauses in columns, and below them the values.

    A literal that is true is bold. An exclamation mark follows a clause that is not satisfied, and a variable that does
    not have the target's value.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        formula = formula_of(inputs, self.config)
        variables = slice(0, 2 * formula.variables, 2)
        tokens = (inputs if prediction is None else prediction)[variables].tolist()
        true = {
            number if token == TRUE else -number for number, token in enumerate(tokens, 1) if token in (FALSE, TRUE)
        }
        clauses = [_clause(clause, true, prediction is not None) for clause in formula.clauses]
        text = Text("\n").join(_in_columns(clauses))
        if prediction is None:
            return text
        right = tokens if target is None else target[variables].tolist()
        values = [_value(number, *pair) for number, pair in enumerate(zip(tokens, right, strict=True), start=1)]
        return Text("\n").join([text, Text(), *_in_columns(values)])


def _clause(clause: Clause, true: set[int], answered: bool) -> Text:
    words = [Text(str(literal), "bold green" if literal in true else "") for literal in clause]
    broken = answered and true.isdisjoint(clause)
    return Text.assemble(Text(" ").join(words), ("!", "bold red") if broken else "")


def _value(variable: int, token: int, right: int) -> Text:
    value = {TRUE: "true", FALSE: "false"}.get(token, "?")
    return Text.assemble(f"{variable} {value}", "" if token == right else ("!", "bold red"))


def _in_columns(items: Sequence[Text]) -> list[Text]:
    """Lines of as many items as fit, in columns of one width."""
    width = max((len(item) for item in items), default=0) + 3
    count = max(1, COLUMNS // width)
    for item in items:
        item.pad_right(width - len(item))
    lines = [Text().join(items[start : start + count]) for start in range(0, len(items), count)]
    for line in lines:
        line.rstrip()
    return lines
