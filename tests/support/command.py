"""Running a command in this process, as a user would type it."""

from __future__ import annotations

import contextlib
import io
import shlex
from dataclasses import dataclass

from trm.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def trm(line: str) -> Done:
    """Run a command line without its first word, as in ``trm("presets sudoku")``."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(shlex.split(line))
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def refused(done: Done, message: str, code: int = 2) -> None:
    """Assert that a command ended with an error message, after the word Error, and an exit code."""
    assert done.err.split("Error: ", 1)[-1].strip() == message
    assert done.code == code
