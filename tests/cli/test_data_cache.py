"""`trm data build --rebuild` and `trm data clear`."""

from __future__ import annotations

from pathlib import Path

import pytest

from trm.cli.main import main

TINY = ["--preset", "mini", "--set", "task.train_puzzles=20", "--set", "task.test_puzzles=5"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert not ended.value.code


def built_at(cache: Path) -> dict[str, int]:
    """When each cached split was written, in nanoseconds."""
    return {str(path): path.stat().st_mtime_ns for path in cache.rglob("dataset.json")}


def test_rebuild_makes_cached_puzzles_again(cache: Path, tmp_path: Path) -> None:
    run("data", "build", "sudoku", *TINY, "--output", str(tmp_path / "one"))
    first = built_at(cache)
    assert len(first) == 2
    run("data", "build", "sudoku", *TINY, "--output", str(tmp_path / "two"))
    assert built_at(cache) == first
    run("data", "build", "sudoku", *TINY, "--output", str(tmp_path / "three"), "--rebuild")
    again = built_at(cache)
    assert again.keys() == first.keys()
    assert all(again[path] > first[path] for path in first)


def test_clear_deletes_the_puzzles_of_a_task(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("data", "build", "sudoku", *TINY, "--output", str(tmp_path / "deep" / "data"))
    capsys.readouterr()
    run("data", "clear", "maze")
    assert capsys.readouterr().out == "The cache has no puzzles of task 'maze'\n"
    assert len(built_at(cache)) == 2
    run("data", "clear", "sudoku")
    assert capsys.readouterr().out.startswith("Deleted 2 cached splits (")
    assert not built_at(cache)
