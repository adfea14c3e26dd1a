"""The conformance kit on the Sudoku task."""

from collections.abc import Callable

from trm.testing import parametrize_with_checks


@parametrize_with_checks("sudoku")
def test_conformance(check: Callable[[], None]) -> None:
    check()
