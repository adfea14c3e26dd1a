"""`trm compare` and the labels of `trm plot`: rows, groups of seeds, intervals, and what is said about noise."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.run_folders import write_run
from trm.cli.main import main


def shown(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    assert end.value.code == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def report(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    return json.loads(shown(capsys, "compare", *arguments, "--json"))


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two learning rates with three seeds each."""
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "sweep"
    for name, rate, scores in (("slow", 0.001, (0.80, 0.82, 0.84)), ("fast", 0.01, (0.90, 0.91, 0.92))):
        for seed, score in enumerate(scores):
            write_run(folder / f"{name}-{seed}", (0.1, score), seed=seed, training={"learning_rate": rate})
    return folder


def test_there_is_a_row_per_run_with_the_names_that_set_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    write_run(tmp_path / "a", task_config={"size": 4})
    write_run(tmp_path / "b", seed=7, training={"learning_rate": 0.02}, task_config={"size": 9})
    result = report(capsys, tmp_path / "a", tmp_path / "b")
    assert {"task.size", "training.learning_rate", "seed"} == result["settings"].keys()
    assert [row["task.size"] for row in result["rows"]] == [4, 9]
    lines = shown(capsys, "compare", tmp_path).splitlines()
    header = next(index for index, line in enumerate(lines) if line.startswith("run"))
    assert "learning_rate" in lines[header] + lines[header + 1]
    rows = [line for line in lines if line.startswith(("a ", "b "))]
    assert len(rows) == 2
    assert "0.02" in rows[1]


def test_runs_that_differ_only_in_the_seed_share_a_row(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = report(capsys, sweep)["rows"]
    assert [(row["runs"], row["seed"]) for row in rows] == [(3, "0, 1, 2"), (3, "0, 1, 2")]
    fast = next(row for row in rows if row["training.learning_rate"] == 0.01)
    assert fast["exact_accuracy"] == pytest.approx(0.91)
    assert fast["exact_accuracy_std"] == pytest.approx(0.01)
    assert fast["exact_accuracy_low"] == pytest.approx(0.91 - 4.303 * 0.01 / 3**0.5)
    assert "91.00% ± 1.00%" in shown(capsys, "compare", sweep)
    single = report(capsys, sweep, "--ungrouped")["rows"]
    assert [row["runs"] for row in single] == [1] * 6
    assert "exact_accuracy_std" not in single[0]


def test_repeated_runs_with_one_seed_are_no_sample_of_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name)
    assert [row["runs"] for row in report(capsys, tmp_path)["rows"]] == [1, 1]
    assert "The runs have the same settings." in shown(capsys, "compare", tmp_path)


def test_an_exact_accuracy_has_wilsons_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = report(capsys, write_run(tmp_path / "a", (0.9,), puzzles=100))["rows"][0]
    assert (row["exact_accuracy_low"], row["exact_accuracy_high"]) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert "90.00% [82.56, 94.48]" in shown(capsys, "compare", tmp_path / "a")
    unfinished = report(capsys, write_run(tmp_path / "b", puzzles=None))["rows"][0]
    assert unfinished["exact_accuracy_low"] is None
    assert unfinished["state"] == "interrupted"


def test_every_share_of_the_puzzles_has_an_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write_run(tmp_path / name, (score,), puzzles=100, seed=seed) for seed, (name, score) in enumerate(
        (("a", 0.9), ("b", 0.8))
    )]  # fmt: skip
    for run, valid in zip(runs, (0.95, 0.85), strict=True):
        summary = json.loads((run / "summary.json").read_text())
        summary["final_metrics"]["valid"] = valid
        summary["intervals"] = {"exact_accuracy": [0.8, 0.99], "valid": [valid - 0.05, valid + 0.04]}
        (run / "summary.json").write_text(json.dumps(summary))
    row = report(capsys, runs[0])["rows"][0]
    assert (row["valid_low"], row["valid_high"]) == pytest.approx((0.90, 0.99))
    assert row["exact_accuracy_low"] == 0.8
    assert "cell_accuracy_low" not in row
    assert "95.00% [90.00, 99.00]" in shown(capsys, "compare", runs[0])
    both = report(capsys, *runs)["rows"][0]
    assert both["valid"] == pytest.approx(0.9)
    assert both["valid_low"] == pytest.approx(max(0, 0.9 - 12.706 * 0.05), abs=1e-3)


@pytest.mark.parametrize(
    "intervals", [[], {"exact_accuracy": 1}, {"exact_accuracy": [None, "x"]}, {"exact_accuracy": [1]}]
)
def test_damaged_intervals_are_those_of_an_earlier_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], intervals: Any
) -> None:
    run = write_run(tmp_path / "a", (0.9,), puzzles=100)
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "intervals": intervals}))
    assert report(capsys, run)["rows"][0]["exact_accuracy_low"] == pytest.approx(0.8256, abs=1e-4)


def test_it_says_what_is_noise_and_by_which_rule(
    tmp_path: Path, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, score in (("good", 0.95), ("close", 0.94), ("bad", 0.80)):
        write_run(tmp_path / "one" / name, (score,), training={"learning_rate": score})
    notes = report(capsys, tmp_path / "one")["notes"]
    assert notes[0] == "Within noise of good (95.00%), the best: close (94.00%)."
    assert notes[1] == "Worse than good (95.00%) by more than noise: bad (80.00%)."
    assert "95 % confidence interval contains 0" in notes[2]
    assert "Newcombe" in notes[2]
    grouped = report(capsys, sweep)["notes"]
    assert grouped[0].startswith("Worse than fast-0, fast-1, 1 more (91.00%) by more than noise: slow-0")
    assert "Welch" in grouped[1]


def test_runs_of_different_tasks_are_not_ranked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "a", (0.5,))
    write_run(tmp_path / "b", (0.9,), task="maze", task_config={"rows": 5})
    result = report(capsys, tmp_path)
    assert result["settings"] == {"task": ["sudoku", "maze"]}
    assert result["notes"] == [
        "The runs are of different tasks (sudoku, maze); scores are compared within a task only."
    ]


def test_different_test_puzzles_are_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, data in enumerate(("aaa", "aaa", "bbb")):
        write_run(tmp_path / str(seed), (0.9,), data=data, training={"learning_rate": 0.1 + seed})
    warning = "Not all of these runs were scored on the same test puzzles."
    assert warning in report(capsys, tmp_path)["notes"]
    assert warning not in report(capsys, tmp_path / "0", tmp_path / "1")["notes"]


def test_a_run_given_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "a")
    assert len(report(capsys, tmp_path / "a", tmp_path, tmp_path / "a" / "..", tmp_path / "a")["rows"]) == 1


def test_a_run_without_scores_and_a_damaged_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "new", (), puzzles=None)
    write_run(tmp_path / "old")
    (write_run(tmp_path / "torn") / "config.json").write_text("{")
    with pytest.raises(SystemExit):
        main(["compare", str(tmp_path), "--json"])
    captured = capsys.readouterr()
    rows = json.loads(captured.out)["rows"]
    assert [row["exact_accuracy"] for row in rows] == [None, 0.9]
    assert "Skipped a damaged run" in captured.err
    assert "-" in shown(capsys, "compare", tmp_path / "new")
    assert "Cannot read" in shown(capsys, "compare", tmp_path / "torn", code=2)


def test_markdown_and_csv(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "compare", sweep, "--markdown").splitlines()
    assert lines[0].startswith("| run | runs | training.learning_rate | seed | exact_accuracy |")
    assert {line.count("|") for line in lines[:4]} == {lines[0].count("|")}
    rows = list(csv.DictReader(io.StringIO(shown(capsys, "compare", sweep, "--ungrouped", "--csv"))))
    assert len(rows) == 6
    assert rows[0]["training.learning_rate"] == "0.01"
    assert float(rows[0]["exact_accuracy"]) == 0.9
    assert "exclude each other" in shown(capsys, "compare", sweep, "--csv", "--json", code=2)


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_gets_whole_numbers(
    sweep: Path, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = shown(capsys, "compare", sweep)
    assert max(map(cell_len, table.splitlines())) <= width
    for text in ("91.00% ± 1.00%", "0.001", "0, 1, 2"):
        assert text in table


def test_what_is_no_run_is_answered_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "sudoku-1")
    message = shown(capsys, "compare", tmp_path / "sudoko-1", code=2)
    assert f"There is no run folder {tmp_path}/sudoko-1. Did you mean '{tmp_path}/sudoku-1'?" in message
    (tmp_path / "empty").mkdir()
    assert "is not a run folder: it has no config.json." in shown(capsys, "compare", tmp_path / "empty", code=2)


def test_plot_labels_runs_by_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 1):
        write_run(tmp_path / f"run-{seed}", seed=seed)
    legend = shown(capsys, "plot", tmp_path)
    assert "● seed=0" in legend
    assert "○ seed=1" in legend
    assert str(tmp_path) not in legend
    write_run(tmp_path / "again", seed=1)
    legend = shown(capsys, "plot", tmp_path)
    assert "seed=1 (again)" in legend
    assert "seed=1 (run-1)" in legend


def test_plot_falls_back_to_the_folders_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x/same", "y/same"):
        write_run(tmp_path / name)
    legend = shown(capsys, "plot", tmp_path / "x" / "same", tmp_path / "y" / "same")
    assert "● x/same" in legend
    assert "○ y/same" in legend
