"""`trm sweep` without trainings: what it checks, lists, shows and draws."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import trm
from tests.support.run_folders import write_run
from trm.errors import UsageError
from trm.experiment.sweeping.record import Record, trials_of
from trm.experiment.sweeping.request import SweepRequest
from trm.experiment.sweeping.sweep import read_sweep, sweep
from trm.experiment.sweeping.values import Choices
from trm.plugins.registering import register
from trm.plugins.registry import get_registry
from trm.storage.locks import RunLock

pytest.importorskip("trm_tasks_arithmetic")
pytest.importorskip("trm_tasks_sudoku")

GRID = SweepRequest(
    "arithmetic",
    "quick",
    (Choices("model.hidden_dim", (16, 32)), Choices("training.learning_rate", (0.001, 0.002))),
    seeds=(0, 1),
)
SCORES = {(0, 0): 0.5, (0, 1): 0.7, (1, 0): 0.9, (1, 1): 0.8, (2, 0): 0.1, (2, 1): 0.3}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A grid whose last combination is not trained: one seed failed and one was interrupted."""
    monkeypatch.chdir(tmp_path)
    found = Path("grid")
    record = Record(GRID, trials_of(GRID))
    record.write(found)
    runs = {(trial.number, run.seed): run for trial in record.trials for run in trial.runs(found)}
    for place, score in SCORES.items():
        write_run(runs[place].folder, (0.0, score), task="arithmetic", seed=place[1])
        summary = json.loads((runs[place].folder / "summary.json").read_text())
        (runs[place].folder / "summary.json").write_text(json.dumps(summary | {"seconds": 90.0}))
    write_run(runs[3, 0].folder, (0.2,), puzzles=None, task="arithmetic")
    runs[3, 1].failure.write_text('{"error": "No memory."}')
    return found


def shown(line: str, code: int = 0) -> str:
    done = trm(line)
    assert done.code == code, done.err
    return done.out


def test_the_table_has_the_best_first(folder: Path) -> None:
    lines = shown("sweep --show grid --csv").splitlines()
    assert [line.split(",")[0] for line in lines] == ["trial", "trial-1", "trial-0", "trial-2", "trial-3"]
    text = " ".join(shown("sweep --show grid --markdown").split())
    assert "| trial-1 * | 16 | 0.002 | 85.00% ± 7.07% | 2/2 | complete |" in text
    assert "| trial-3 | 32 | 0.002 | - | 0/2 | failed |" in text
    assert "Best: trial-1 (model.hidden_dim=16, training.learning_rate=0.002)." in text
    assert "This data has no validation split: the best settings are chosen on the test puzzles" in text
    assert "on 1,000 test puzzles, the mean and the standard deviation over the seeds" in text


def test_failures_are_listed_with_their_values(folder: Path) -> None:
    text = " ".join(shown("sweep --show grid").split())
    assert "Failed: trial-3 (model.hidden_dim=32, training.learning_rate=0.002, seed=1): No memory." in text
    assert "The same command tries failed runs again." in text


def test_json_has_every_run(folder: Path) -> None:
    found = json.loads(shown("sweep --show grid --json"))
    assert (found["best"], found["split"], found["settings"]) == (
        "trial-1",
        "test",
        ["model.hidden_dim", "training.learning_rate"],
    )
    assert [[run["state"] for run in trial["runs"]] for trial in found["trials"][2:]] == [
        ["complete", "complete"],
        ["interrupted", "failed"],
    ]
    assert found["trials"][0]["seconds"] == 180
    other = json.loads(shown("sweep --show grid --json --metric cell_accuracy"))
    assert other["trials"][0]["mean"] == pytest.approx(0.8)


def test_the_figure_is_drawn(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    shown("sweep --show grid --plot grid.svg")
    text = Path("grid.svg").read_text()
    assert text.count("<path") > 20
    assert trm("sweep --show grid --plot grid.txt").code == 2
    assert trm("sweep --show grid --plot /nowhere/grid.svg").code == 2


def test_a_dry_run_lists_what_would_be_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = shown("sweep arithmetic --lr 1e-3,2e-3 --set model.hidden_dim=16 --seeds 0-2 --dry-run")
    assert text.splitlines() == [
        "trial-0: model.hidden_dim=16, training.learning_rate=0.001",
        "trial-1: model.hidden_dim=16, training.learning_rate=0.002",
        "2 combinations with seeds 0, 1, 2: 6 runs. Nothing was trained.",
    ]
    found = json.loads(shown("sweep sudoku --set model.dropout=0..0.5 --search 4 --dry-run --json"))
    assert (found["runs"], found["trials"]) == (4, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sweep", "Name a task: `trm sweep TASK --set A.B=C,D`."),
        ("sweep grid", "grid is the folder of a sweep. Show it with --show grid, continue it with --resume grid."),
        ("sweep nowhere", "There is no task 'nowhere'"),
        ("sweep --show nowhere", "nowhere is not the folder of a sweep: it has no sweep.json."),
        ("sweep --show grid --resume grid", "--resume and --show exclude each other."),
        ("sweep arithmetic --show grid", "Omit TASK with --show"),
        ("sweep --resume grid --set model.hidden_dim=8", "Omit --set with --resume"),
        ("sweep --resume grid --lr 1e-3", "Omit --lr with --resume"),
        ("sweep --show grid --jobs 2", "Omit --jobs with --show"),
        ("sweep --resume grid --search 3", "grid is a grid: omit --search."),
        ("sweep --show grid --json --csv", "--json and --csv exclude each other."),
        ("sweep --show grid --metric speed", "has no metric 'speed'"),
        ("sweep arithmetic --set model.hidden_dim=8,x", "model.hidden_dim = 'x' is not possible"),
        ("sweep arithmetic --set model.hidden_dim=8..16", "a range needs --search N"),
        ("sweep arithmetic --lr 1e-3 --storage x.journal", "--storage is where a search keeps its trials"),
        ("sweep arithmetic --lr 1e-3 --device abacus", "abacus"),
        ("sweep arithmetic --max-steps 5 --seeds 0 -o grid", "max_steps is 5, there the default"),
    ],
)
def test_careless_requests_train_nothing(folder: Path, line: str, message: str) -> None:
    before = sorted(folder.rglob("*"))
    done = trm(line)
    assert (done.code, message in " ".join(done.err.split())) == (2, True), done.err
    assert sorted(path for path in folder.rglob("*") if path.name != ".lock") == before


def test_a_sweep_that_is_running_is_not_disturbed(folder: Path) -> None:
    with RunLock(folder):
        done = trm("sweep arithmetic --set model.hidden_dim=16,32 --lr 0.001,0.002 --seeds 0-1 -o grid")
    assert done.code == 2
    assert "is being written by" in done.err


def test_a_changed_run_is_named(folder: Path) -> None:
    done = trm("sweep --resume grid")
    assert done.code == 2
    assert "grid/trial-0/seed_0 is a run with other settings than the sweep gives it now" in done.err


def test_a_task_of_this_process_alone_is_refused(tmp_path: Path) -> None:
    spec = replace(get_registry().task("arithmetic"), name="arithmetic-here")
    register(spec)
    try:
        with pytest.raises(UsageError, match="is registered in this process only"):
            sweep(spec.name, settings={"training.max_steps": 3}, output=tmp_path / "sweep")
    finally:
        get_registry.cache_clear()


def test_a_notebook_shows_the_table(folder: Path) -> None:
    found = read_sweep(folder)
    assert found.best is not None
    assert (found.best.name, len(found.failed)) == ("trial-1", 1)
    page = found._repr_html_()
    assert "trial-1 *" in page
    assert "85.00% ± 7.07%" in page
