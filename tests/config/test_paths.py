"""Paths among a task's settings: a run must read the same files from whatever folder a later command starts in."""

from pathlib import Path

import pytest

from trm.experiment.experiment import Experiment


def test_a_relative_path_in_a_task_setting_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    experiment = Experiment.from_preset("sudoku", sets=["task.csv=puzzles"], dataset="extreme")
    assert experiment.config.model_dump(mode="json")["csv"] == str(tmp_path / "puzzles")
