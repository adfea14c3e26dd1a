"""Tests of the commands on tiny jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ("training.max_steps=12", "training.eval_interval=6", "task.train_puzzles=60", "task.test_puzzles=16")
MAZE = "\n".join(["S.........", *["..#......."] * 8, "........#G"])


def trm(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trm", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"TRM_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
    )


def settings(*items: str) -> list[str]:
    return [argument for item in items for argument in ("--set", item)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A run of `quick` with few training steps."""
    folder = tmp_path_factory.mktemp("runs") / "quick"
    result = trm("train", "maze", *settings(*TINY), "--output", str(folder), cache=cache)
    assert result.returncode == 0, result.stderr
    assert "valid_shortest" in result.stdout
    assert "not solved" in result.stdout
    return folder


def test_both_scores_are_kept(run: Path) -> None:
    final = json.loads((run / "summary.json").read_text())["final_metrics"]
    assert set(final) == {"cell_accuracy", "exact_accuracy", "valid_shortest"}
    assert 0 < final["cell_accuracy"] < 1


def test_the_weights_are_scored_at_another_size(run: Path, cache: Path) -> None:
    result = trm("evaluate", str(run), *settings("task.size=15"), "--json", cache=cache)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["puzzles"] == 16


@pytest.mark.slow
def test_training_starts_from_weights_of_another_size(run: Path, cache: Path, tmp_path: Path) -> None:
    start = ("--init", str(run), "--preset", "medium")
    result = trm("train", "maze", *start, *settings(*TINY), "--output", str(tmp_path / "run"), cache=cache)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "config.json").read_text())["init"] == str(run)
    other = trm("train", "maze", *start, *settings("model.hidden_dim=16"), "--output", str(tmp_path / "x"), cache=cache)
    assert other.returncode == 2
    assert "belong to another model" in other.stderr
    assert not (tmp_path / "x").exists()


def test_solve_judges_the_answer(run: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "maze.txt").write_text(MAZE)
    result = trm("solve", "maze", str(tmp_path / "maze.txt"), "--checkpoint", str(run), "--json", cache=cache)
    (answer,) = json.loads(result.stdout)
    assert answer["puzzle"] == MAZE
    assert result.returncode == (3 if answer["problem"] else 0)
    assert len(answer["answer"].splitlines()) == 10


def test_solve_takes_mazes_of_several_sizes(run: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "wide.txt").write_text("\n".join(["S" + "." * 11, *["." * 12] * 6, "." * 11 + "G"]))
    (tmp_path / "maze.txt").write_text(MAZE)
    files = [str(tmp_path / name) for name in ("wide.txt", "maze.txt", "wide.txt")]
    result = trm("solve", "maze", *files, "--checkpoint", str(run), "--json", cache=cache)
    answers = json.loads(result.stdout)
    assert [len(answer["answer"].splitlines()[0]) for answer in answers] == [12, 10, 12]
    assert all(len(set(answer)) > 1 for answer in answers)


def test_weights_with_a_size_say_so(cache: Path, tmp_path: Path) -> None:
    narrow = settings(*TINY, "model.mixing=attention", "model.num_heads=2", "training.max_steps=1")
    result = trm("train", "maze", *narrow, "--output", str(tmp_path / "run"), cache=cache)
    assert result.returncode == 0, result.stderr
    small = "S....\n.....\n.....\n.....\n....G"
    solved = trm("solve", "maze", small, "--checkpoint", str(tmp_path / "run"), cache=cache)
    assert solved.returncode == 2
    assert "The checkpoint takes 100 positions" in solved.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MAZE.replace("S", "."), "Puzzle 1, line 1, column 1: The maze has no start. Mark one cell with S."),
        (
            MAZE.replace("S.", "SG"),
            "Puzzle 1, line 1, column 1: The maze has 2 goals, at row 1, column 2 and row 10, column 10. Keep one G.",
        ),
        (MAZE.replace("S..", "S."), "Puzzle 1, line 1, column 1: This row has 9 cells, but the longest one has 10"),
        (MAZE.replace("S..", "S.x"), "Puzzle 1, line 1, column 3: 'x' is not allowed in a maze."),
        (MAZE.replace(".\n........#G", "#\n........#G"), "No path leads from the start S to the goal G"),
    ],
)
def test_bad_mazes_get_a_sentence(text: str, message: str, run: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text(text)
    result = trm("solve", "maze", str(tmp_path / "bad.txt"), "--checkpoint", str(run), cache=cache)
    assert result.returncode == 2
    assert message in result.stderr
    assert "bad.txt" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_shipped_weights_solve_mazes_of_several_sizes(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "small.txt").write_text("S....\n.###.\n.#G#.\n.#.#.\n.....\n")
    (tmp_path / "maze.txt").write_text(MAZE)
    result = trm("solve", "maze", str(tmp_path / "small.txt"), str(tmp_path / "maze.txt"), "--json", cache=cache)
    answers = json.loads(result.stdout)
    assert result.returncode == 0, answers
    assert [answer["problem"] for answer in answers] == [None, None]
    assert answers[0]["answer"].splitlines() == ["S....", "o###.", "o#G#.", "o#o#.", "ooo.."]


def test_the_shipped_weights_score_as_they_say(cache: Path) -> None:
    result = trm("evaluate", "maze", "--limit", "64", "--json", cache=cache)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["metrics"]["valid_shortest"] > 0.7
