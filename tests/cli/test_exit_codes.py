"""One table of exit codes for all commands."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from trm.cli import main as program
from trm.cli.signals import Terminated
from trm.errors import (
    EXIT_CODES,
    CheckpointError,
    DataError,
    DownloadError,
    NotFiniteError,
    PluginError,
    PuzzleError,
    TRMError,
    UsageError,
    cannot_write,
)


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TRMError("x"), 1),
        (NotFiniteError("x"), 1),
        (PluginError("x"), 1),
        (DownloadError("no network"), 1),
        (UsageError("x"), 2),
        (PuzzleError("x"), 2),
        (DataError("x"), 2),
        (CheckpointError("x"), 2),
        (cannot_write("x", OSError(errno.ENOSPC, "No space left on device")), 1),
        (cannot_write("x", OSError(errno.ENOENT, "No such file or directory")), 2),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 2),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), 2),
        (MemoryError(), 1),
        (KeyError("x"), 1),
        (click.UsageError("x"), 2),
        (click.BadParameter("x"), 2),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (Terminated(), 143),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_each_error_has_one_exit_code(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm.cli.list_tasks.command.callback", raising(error))
    with pytest.raises(SystemExit) as ended:
        program.main(["list-tasks"])
    assert ended.value.code == code


def kinds(base: type[TRMError]) -> Iterator[type[TRMError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def test_every_error_of_trm_is_in_the_table() -> None:
    assert {kind.exit_code for kind in kinds(TRMError)} <= set(EXIT_CODES)


def test_help_lists_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in shown
