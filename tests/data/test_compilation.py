"""While numba compiles, that is what is shown."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from trm.data import showing_compilation
from trm.data.compilation import HEADING
from trm.progress import Job, progress, reporting_to

numba = pytest.importorskip("numba")

CODE = """
from numba import njit

@njit(cache=True)
def inner(x):
    return x + 1

@njit(cache=True)
def outer(x):
    return inner(x) * 2

@njit
def failing(x):
    return x.nothing
"""


class Headings:
    """A reporter that lists which jobs were shown, each with those around it."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, ...]] = []
        self.open: list[str] = []

    @contextlib.contextmanager
    def showing(self, job: Job) -> Iterator[None]:
        self.open.append(job.heading)
        self.shown.append(tuple(self.open))
        yield
        self.open.remove(job.heading)

    def printing(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()


def test_compiling_is_shown_once_and_not_if_the_cache_has_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compiled_code.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "compiled_code", raising=False)
    headings = Headings()
    with reporting_to(headings), progress("Making"), showing_compilation():
        module = importlib.import_module("compiled_code")
        assert module.outer(1) == 4
        assert module.outer(2) == 6
        with pytest.raises(numba.TypingError):
            module.failing(1)
    assert headings.shown == [("Making",), ("Making", HEADING), ("Making", HEADING)]
    monkeypatch.delitem(sys.modules, "compiled_code")
    again = Headings()
    with reporting_to(again), showing_compilation():
        assert importlib.import_module("compiled_code").outer(1) == 4
    assert again.shown == []
