"""Careless commands get an answer that helps, and the right exit code."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trm_tasks_sudoku")
pytest.importorskip("trm_tasks_maze")
pytest.importorskip("trm_tasks_arithmetic")
pytest.importorskip("trm_tasks_arc")

from tests.support.careless_commands import CARELESS, PUZZLE, Careless, prepare
from trm.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("careless")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRM_CACHE", str(folder / "cache"))
        prepare(folder)
    return folder


def words(case: Careless) -> list[str]:
    return [PUZZLE if word == "PUZZLE" else word for word in shlex.split(case.command)]


def check(case: Careless, code: int, shown: str) -> None:
    assert code == case.code, shown
    assert case.answer in " ".join(shown.split()), shown
    assert "Traceback" not in shown
    assert "bug in trm" not in shown


@pytest.mark.parametrize("case", CARELESS, ids=lambda case: case.command)
def test_careless_commands(
    folder: Path, case: Careless, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TRM_CACHE", str(folder / "cache"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(case.typed.encode())))
    before = set(folder.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(words(case))
    shown = capsys.readouterr()
    check(case, int(ended.value.code or 0), shown.out + shown.err)
    if case.code == 2:
        assert not {path for path in set(folder.rglob("*")) - before if "cache" not in path.parts}


@pytest.mark.parametrize("case", CARELESS[:60:20], ids=lambda case: case.command)
def test_careless_commands_as_programs(folder: Path, case: Careless) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "trm", *words(case)],
        cwd=folder,
        capture_output=True,
        text=True,
        input=case.typed,
        env=os.environ | {"TRM_CACHE": str(folder / "cache")},
    )
    check(case, ran.returncode, ran.stdout + ran.stderr)


def test_there_are_enough() -> None:
    assert len({case.command for case in CARELESS}) == len(CARELESS) >= 60
