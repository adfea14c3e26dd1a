"""`trm new-task --single-file`: one file that works as it is, for `--include-path`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import trm
from trm.plugins.included import VARIABLE
from trm.plugins.registry import get_registry
from trm.testing import CHECKS

QUICK = " ".join(f"--only {name}" for name in CHECKS if name != "training_learns")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    yield tmp_path
    get_registry.cache_clear()


def test_the_file_passes_the_conformance_checks(here: Path) -> None:
    done = trm("new-task knights-tour --single-file")
    assert done.code == 0, done.err
    content = (here / "knights_tour.py").read_text()
    assert "my-task" not in content
    assert "my_task" not in content
    for line in ("trm --include-path . check-task knights-tour", "trm --include-path . train knights-tour"):
        assert f"  {line}\n" in done.out
        assert f"    {line}\n" in content
    checked = trm(f"--include-path . check-task knights-tour {QUICK}")
    assert checked.code == 0, checked.out
    assert "All checks passed" in checked.out


@pytest.mark.slow
def test_the_file_passes_all_checks(here: Path) -> None:
    assert trm("new-task knights-tour --single-file").code == 0
    assert trm("--include-path . check-task knights-tour").code == 0


@pytest.mark.parametrize("name", ["class", "random", "numpy", "trm-tasks-chess"])
def test_any_name_of_a_task_makes_a_file_that_loads(here: Path, name: str) -> None:
    assert trm(f"new-task {name} --single-file -o tasks/mine.py").code == 0
    assert trm(f"new-task {name} --single-file").code == 0
    done = trm(f"--include-path {name.replace('-', '_')}.py data info {name} --set task.train_puzzles=5")
    assert done.code == 0, done.err
    assert f"task: {name}\n" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Knights", "is not a valid task name"),
        ("sudoku", "'sudoku' is already used by plugin 'sudoku' of trm-tasks-sudoku"),
        ("chess -o kept.py", "kept.py already exists. Choose another file with --output."),
        ("chess -o my-chess.py", "my-chess.py cannot be imported. Choose a name such as chess.py with --output."),
        ("chess -o chess.txt", "chess.txt cannot be imported"),
    ],
)
def test_wrong_requests_get_a_sentence(here: Path, words: str, message: str) -> None:
    (here / "kept.py").write_text("mine")
    done = trm(f"new-task {words} --single-file")
    assert done.code == 2
    assert message in done.err
    assert [path.name for path in here.iterdir()] == ["kept.py"]
    assert (here / "kept.py").read_text() == "mine"
