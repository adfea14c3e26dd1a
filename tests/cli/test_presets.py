"""`trm presets`: the list, all settings of a preset, and how two differ."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from tests.support.command import trm
from trm.cli.settings_help import described_preset
from trm.config import TrainingConfig, TRMConfig
from trm.plugins.registry import get_registry

pytest.importorskip("trm_tasks_sudoku")


def test_the_list_has_every_preset_with_cost_and_accuracy() -> None:
    listed = trm("presets sudoku")
    assert listed.code == 0
    rows = json.loads(trm("presets sudoku --json").out)
    assert [row["name"] for row in rows] == [preset.name for preset in get_registry().task("sudoku").presets]
    for row in rows:
        assert f"\n{row['name']} " in f"\n{listed.out}"
    assert "quick (default)" in listed.out
    assert "Cost: 30 s on a busy core." in " ".join(listed.out.split())


def test_a_preset_has_all_settings_and_marks_what_the_data_determines() -> None:
    settings = json.loads(trm("presets sudoku hard --json").out)
    assert settings["task"] == "sudoku"
    assert settings["preset"] == "hard"
    assert settings["dataset"] == "generated"
    assert settings["augmentation"] == "symmetries"
    assert settings["task_config"]["style"] == "hard"
    assert settings["model"].keys() == TRMConfig.model_fields.keys()
    assert settings["training"].keys() == TrainingConfig.model_fields.keys()
    assert settings["model"]["positions"] == "none"  # follows from the mixer
    assert settings["training"]["ema_decay"] == TrainingConfig.model_fields["ema_decay"].default
    marked = {name for name, value in settings["model"].items() if value == "from the data"}
    assert marked == {"vocab_size", "context_length", "structure", "num_puzzles"}
    assert yaml.safe_load(trm("presets sudoku hard --yaml").out) == settings


def test_the_table_says_what_set_each_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = [line.split() for line in trm("presets sudoku hard").out.splitlines()]
    assert ["task.style", "hard", "preset"] in rows
    assert ["model.dropout", "0.0", "default"] in rows
    assert ["model.vocab_size", "from", "the", "data", "data"] in rows


@pytest.mark.parametrize("columns", [40, 80])
def test_names_of_settings_stay_whole(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for line in ("presets sudoku hard", "presets sudoku hard-1 --diff hard"):
        lines = trm(line).out.splitlines()
        assert max(map(len, lines)) <= columns
        assert any(text.startswith("training.muon_learning_rate ") for text in lines)


def test_the_difference_of_two_presets() -> None:
    different = json.loads(trm("presets sudoku hard-1 --diff hard --json").out)
    assert different["training.max_steps"] == {"hard-1": 24000, "hard": 22000}
    assert different["starts_from"] == {"hard-1": None, "hard": "hard-1"}
    assert "training.batch_size" not in different
    assert "training.max_steps" in trm("presets sudoku hard-1 --diff hard").out
    assert trm("presets sudoku quick --diff quick").out == "The presets have the same settings.\n"
    assert json.loads(trm("presets sudoku --diff mini --json").out)["task.size"] == {"quick": 9, "mini": 4}


def test_what_a_preset_starts_from_is_said() -> None:
    preset = get_registry().task("sudoku").presets[0]
    staged = replace(preset, summary="big", starts_from="small")
    assert described_preset(staged) == "big. Starts from small, which is trained first."
    assert described_preset(replace(preset, summary="big", starts_from=None)) == "big."
    for line in ("presets sudoku", "presets sudoku hard", "presets sudoku hard --yaml", "train sudoku --help"):
        assert "Starts from hard-1, which is trained first." in " ".join(trm(line).out.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("presets suduko", "There is no task 'suduko'. Did you mean 'sudoku'?"),
        ("presets sudoku hrad", "has no preset 'hrad'. Did you mean 'hard'"),
        ("presets sudoku hard --diff hrad-1", "has no preset 'hrad-1'. Did you mean 'hard-1'"),
        ("presets sudoku hard --yaml --json", "Give --yaml or --json, not both."),
        ("presets", "Missing argument 'TASK'"),
    ],
)
def test_wrong_requests(line: str, message: str) -> None:
    done = trm(line)
    assert done.code == 2
    assert message in done.err
