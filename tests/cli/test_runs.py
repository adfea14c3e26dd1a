"""`trm runs`."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.run_folders import write_run
from trm.cli.main import main
from trm.storage.locks import RunLock


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    return {Path(row["run"]).name: row for row in json.loads(shown(capsys, "runs", *arguments, "--json"))}


def test_runs_are_listed_with_their_scores_and_what_differs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "runs" / "a-2", (0.7, 0.6))
    write_run(here / "runs" / "a-10", seed=1)
    write_run(here / "runs" / "other", preset="hard", task="maze")
    rows = listed(capsys)
    assert list(rows) == ["a-2", "a-10", "other"]
    first = rows["a-2"]
    assert (first["task"], first["preset"], first["best"], first["last"]) == ("sudoku", "mini", 0.7, 0.6)
    assert (first["seconds"], first["steps"], first["state"]) == (60, 20, "finished")
    assert [row["settings"] for row in rows.values()] == [{"seed": 0}, {"seed": 1}, {}]
    table = shown(capsys, "runs")
    for text in ("sudoku:mini", "70.00%", "60.00%", "1.0 min", "finished", "seed=1"):
        assert text in table


def test_states(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "runs" / "finished")
    write_run(here / "runs" / "interrupted", puzzles=None)
    resumed = write_run(here / "runs" / "resumed")
    with open(resumed / "metrics.jsonl", "a") as file:
        file.write('{"step": 30, "epoch": 0.3, "seconds": 90, "loss": 0.1}\n')
    killed = write_run(here / "runs" / "killed", puzzles=None)
    (killed / ".lock.json").write_text("{}")
    running = write_run(here / "runs" / "running")
    (write_run(here / "runs" / "damaged") / "config.json").write_text("{")
    (write_run(here / "runs" / "headless") / "config.json").unlink()
    (write_run(here / "runs" / "torn") / "metrics.jsonl").write_text("{}\n")
    (here / "runs" / "notes").mkdir()
    (here / "runs" / "a_file").write_text("")
    with RunLock(running):
        rows = listed(capsys)
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "damaged": "damaged", "finished": "finished", "headless": "damaged", "interrupted": "interrupted",
        "killed": "interrupted", "resumed": "interrupted", "running": "running", "torn": "damaged",
    }  # fmt: skip
    assert "config.json" in rows["headless"]["problem"]
    table = shown(capsys, "runs")
    assert "torn is damaged: " in table
    assert "metrics.jsonl, line 1" in table


def test_looking_changes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(here / "runs" / "a")
    before = sorted(path.name for path in run.iterdir())
    shown(capsys, "runs")
    assert sorted(path.name for path in run.iterdir()) == before


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_too_wide_and_no_number_is_broken(
    here: Path, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for seed in range(2):
        write_run(here / "runs" / f"sudoku-quick-{seed}", seed=seed, training={"learning_rate": 0.001 * (seed + 1)})
    table = shown(capsys, "runs")
    assert max(map(cell_len, table.splitlines())) <= width
    for text in ("sudoku-quick-1", "90.00%", "1.0 min", "training.learning_rate=0.002", "seed=1", "finished"):
        assert text in table, text


def test_runs_of_a_folder_with_folders_and_of_one_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "work" / "sweep" / "a")
    assert list(listed(capsys, "work")) == ["a"]
    assert list(listed(capsys, "work/sweep/a")) == ["a"]


def test_the_listed_paths_can_be_given_to_other_commands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "runs" / "a")
    write_run(here / "work" / "sweep" / "b")
    assert f"\n{Path('runs/a')} " in shown(capsys, "runs")
    assert f"\n{Path('work/sweep/b')} " in shown(capsys, "runs", "work")


def test_without_runs_it_says_what_to_do(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There are no runs in runs. Train a model with: trm train TASK" in shown(capsys, "runs")
    assert json.loads(shown(capsys, "runs", "--json")) == []
    assert "There is no folder nowhere." in shown(capsys, "runs", "nowhere", code=2)


def test_a_name_cannot_control_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "runs" / "a\x1b[31m[red]")
    table = shown(capsys, "runs")
    assert "\x1b" not in table
    assert "[red]" in table
