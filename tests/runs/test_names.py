"""What people write for runs and checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("trm_tasks_sudoku")

from tests.support.small_run import SmallRun
from trm.errors import CheckpointError, UsageError
from trm.runs.checkpoint_folder import read_run_config
from trm.runs.locate import locate
from trm.runs.names import names_weights
from trm.runs.run_folder import RunFolder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with checkpoints at steps 10 and 12; the first one's best is that at step 10."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("sudoku-quick-1", "maze-quick-1"):
        SmallRun(folder / name, keep_checkpoints=2).fit()
    run = RunFolder(folder / "sudoku-quick-1")
    run.mark("best", run.checkpoints()[0])
    return folder


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("", 12),
        ("/", 12),
        ("/best", 10),
        ("/latest", 12),
        ("/checkpoints", 12),
        ("/checkpoints/", 12),
        ("/step_10", 10),
        ("/checkpoints/step_10/", 10),
    ],
)
def test_everyday_names_of_checkpoints(runs: Path, written: str, step: int) -> None:
    written = f"{runs}/sudoku-quick-1{written}"
    assert locate(written).step == step
    assert names_weights(written)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sudoku-quik-1", "There is no checkpoint RUNS/sudoku-quik-1. Did you mean 'RUNS/sudoku-quick-1'"),
        ("sudoku-quick-1/step_100", "has no checkpoint step_100. Did you mean 'step_10' or 'step_12'?"),
        ("sudoku-quick-1/checkpoints/step_1", "has no checkpoint step_1. Did you mean"),
        (
            "sudoku-quick-1/config.json",
            "config.json is one of the files of RUNS/sudoku-quick-1. Give that folder instead.",
        ),
        (
            "sudoku-quick-1/checkpoints/step_12/ema.safetensors",
            "files of RUNS/sudoku-quick-1/checkpoints/step_12. Give",
        ),
        ("", "RUNS is not a run folder, but has runs in it. Available: RUNS/maze-quick-1, RUNS/sudoku-quick-1."),
    ],
)
def test_unknown_names_get_the_nearest(runs: Path, written: str, message: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        locate(runs / written)
    assert message in str(refused.value).replace(str(runs), "RUNS")


@pytest.mark.parametrize("written", ["sudoku-quik-1", "", "sudoku-quick-1/step_100", "weights.safetensors"])
def test_mistyped_paths_are_paths_and_not_tasks(runs: Path, written: str) -> None:
    """`trm solve runs/sudoku-quik-1` gets the nearest run, not the nearest task."""
    assert names_weights(str(runs / written))
    assert not any(names_weights(name) for name in ("sudokku", "sudoku:hrad"))


def test_a_run_without_a_best_checkpoint_names_those_it_has(runs: Path) -> None:
    (runs / "maze-quick-1" / "best").write_text("checkpoints/step_4\n")
    with pytest.raises(CheckpointError, match=r"has no best checkpoint. Available: step_10, step_12\."):
        locate(runs / "maze-quick-1" / "best")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sudoku-quik-1", "There is no run folder RUNS/sudoku-quik-1. Did you mean 'RUNS/sudoku-quick-1'"),
        ("sudoku-quick-1/best", "is not a run folder. Give the run: RUNS/sudoku-quick-1"),
        ("sudoku-quick-1/checkpoints/step_10", "is not a run folder. Give the run: RUNS/sudoku-quick-1"),
        ("", "Available: RUNS/maze-quick-1, RUNS/sudoku-quick-1."),
    ],
)
def test_a_run_folder_is_asked_for(runs: Path, written: str, message: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        read_run_config(runs / written)
    assert message in str(refused.value).replace(str(runs), "RUNS")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sudoku:hrad", "Task 'sudoku' ships no weights for a preset 'hrad'. Did you mean 'hard'"),
        ("sudku:hard", "There is no checkpoint sudku:hard. Did you mean 'sudoku:hard'"),
    ],
)
def test_shipped_weights_get_the_nearest_names(written: str, message: str) -> None:
    with pytest.raises((CheckpointError, UsageError)) as refused:
        locate(written)
    assert message in str(refused.value)
