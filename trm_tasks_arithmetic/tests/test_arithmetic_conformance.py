"""The arithmetic plugin against the conformance kit."""

from collections.abc import Callable

from trm.testing import parametrize_with_checks


@parametrize_with_checks("arithmetic")
def test_conformance(check: Callable[[], None]) -> None:
    check()
