"""Completion in the shell: what is offered, and that a real bash puts it in the right place."""

import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest

from tests.support.run_folders import write_run
from trm.cli.bash_completion import LineComplete
from trm.cli.complete import _values
from trm.cli.main import main


def offered(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the bash script of `trm` receives for a line."""
    monkeypatch.setenv("_TRM_COMPLETE", "bash_complete")
    for name, value in {"COMP_WORDS": line, "COMP_LINE": line, "COMP_CWORD": "0", "COMP_WORDBREAKS": " =:"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main([])
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("trm ru", ["plain,runs"]),
        ("trm solve sudoku puz", ["file,puz"]),
        ("trm solve sudoku:h", ["plain,hard"]),
        ("trm trace sudoku puz", ["file,puz"]),
        ("trm train sudoku --set task.style=", ["plain,plain", "plain,minimal", "plain,hard"]),
        ("trm train sudoku --set task.style=m", ["plain,minimal"]),
        ("trm train sudoku --set=task.style=m", ["plain,minimal"]),
        ("trm evaluate sudoku --set task.style=m", ["plain,minimal"]),
        ("trm train sudoku --set training.n_supervision=", ["plain,none"]),
        ("trm train sudoku --set task.sty", ["plain,task.style="]),
        (
            "trm evaluate sudok",
            ["file,sudok", "plain,sudoku", "plain,sudoku:quick", "plain,sudoku:hard", "plain,sudoku:grid"],
        ),
        ("trm evaluate sudoku:h", ["plain,hard"]),
        ("trm evaluate sudoku --metric v", ["plain,valid"]),
        ("trm evaluate runs/a --metric v", ["plain,valid"]),
        ("trm train sudoku --metric exact", ["plain,exact_accuracy"]),
        ("trm check-task sudoku --only data", ["plain,data_arrays"]),
        ("trm train --resume runs/", ["dir,runs/", "plain,runs/a", "plain,runs/b"]),
        ("trm compare ", ["dir,", "plain,runs/a", "plain,runs/b"]),
        ("trm plot runs/a", ["dir,runs/a", "plain,runs/a"]),
        ("trm plot runs/a --metric l", ["plain,loss"]),
        ("trm evaluate runs/b", ["file,runs/b", "plain,runs/b"]),
        ("trm train sudoku --dataset gen", ["plain,generated"]),
    ],
)
def test_what_is_offered(
    line: str,
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_run(tmp_path / "runs" / name)
    assert offered(line, monkeypatch, capsys) == expected


def test_values_of_types() -> None:
    class Size(Enum):
        SMALL = "small"
        LARGE = "large"

    assert list(_values(Size)) == ["small", "large"]
    assert list(_values(Literal["a", 2])) == ["a", "2"]
    assert list(_values(bool | None)) == ["true", "false", "none"]
    assert list(_values(float)) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trm", "train", "sudoku", "--set", "task.style", "=", "mi"], ["minimal"]),
        (["trm", "evaluate", "sudoku", ":", "h"], ["hard"]),
        (["trm", "solve", "sudoku", "puz"], ["puzzle.txt"]),
        (["trm", "compare", "runs/"], ["runs/a"]),
    ],
)
def test_a_real_bash_completes_words_that_it_splits(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """`words` is the line as bash splits it before it calls the completion function."""
    pytest.importorskip("trm_tasks_sudoku")
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    (tmp_path / "puzzle.txt").write_text("")
    write_run(tmp_path / "runs" / "a")
    program = tmp_path / "bin" / "trm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m trm "$@"\n')
    program.chmod(0o755)
    line = " ".join(words).replace(" = ", "=").replace(" : ", ":")
    source = LineComplete(None, {}, "trm", "_TRM_COMPLETE").source()  # type: ignore[arg-type]
    script = (
        'compopt() { :; }\nCOMP_LINE=$1 COMP_POINT=${#1}; shift\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        '_trm_completion trm\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        [bash, "--norc", "-c", f'PATH="{program.parent}:$PATH"\n{source}\n{script}', "bash", line, *words],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert sorted(set(result.stdout.split())) == expected, result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_documented_shell_gets_a_script(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_TRM_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit):
        main([])
    assert f"_TRM_COMPLETE={shell}_complete" in capsys.readouterr().out
