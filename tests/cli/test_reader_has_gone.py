"""Finding a closed pipe behind an error."""

from __future__ import annotations

from trm.cli.streams import reader_has_gone


def test_an_error_that_is_its_own_cause_ends_the_search() -> None:
    error = ValueError()
    error.__cause__ = error
    assert not reader_has_gone(error)


def test_a_closed_pipe_is_found_behind_other_errors() -> None:
    error = ValueError()
    error.__cause__ = BrokenPipeError()
    assert reader_has_gone(error)
