"""`trm.train`: a training in one call, as `trm train` does it."""

from __future__ import annotations

from pathlib import Path

import pytest

import trm
from trm.errors import UsageError

TINY = {"train_puzzles": 40, "test_puzzles": 10}


def test_trains_into_a_folder_that_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    training = {"max_steps": 3, "batch_size": 4, "precision": "fp32"}
    run = trm.train("sudoku", "mini", settings=TINY, training=training, output=tmp_path / "run", device="cpu")
    assert run.folder == tmp_path / "run"
    assert run["steps"] == 3
    assert set(run.scores) == {"cell_accuracy", "exact_accuracy", "valid"}
    assert "3 steps" in run._repr_html_()
    score = trm.load(run.folder, device="cpu").evaluate(limit=5)
    assert score.step == 3
    assert score.puzzles == 5


def test_reports_further_metrics_and_refuses_unknown_ones(tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    with pytest.raises(UsageError, match=r"no metric 'valdi'\. Did you mean 'valid'"):
        trm.train("sudoku", "mini", metrics=("valdi",), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_settings_are_checked_by_section(tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    with pytest.raises(UsageError, match=r"training\.max_step"):
        trm.train("sudoku", training={"max_step": 1}, output=tmp_path / "run")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(UsageError, match="not empty"):
        trm.train("sudoku", "mini", output=tmp_path / "taken")
