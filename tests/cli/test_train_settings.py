"""Settings of `trm train`: `--config FILE` and the everyday spellings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from tests.support.command import trm
from trm.cli.everyday import EVERYDAY
from trm.cli.train import command, experiment_of
from trm.config import RunConfig
from trm.config.model import completed
from trm.experiment.experiment import Experiment

pytest.importorskip("trm_tasks_sudoku")
pytest.importorskip("trm_tasks_maze")
pytest.importorskip("trm_tasks_arc")
pytest.importorskip("trm_tasks_arithmetic")
SMALL = "--n-train 8 --batch-size 4 --set task.test_examples=5 --set model.hidden_dim=8 --set model.mlp_multiple_of=8"


def experiment(line: str) -> Experiment:
    """The experiment that a command line of `trm train` describes."""
    with click.Context(command, info_name="train") as context:
        command.parse_args(context, line.split())
        return experiment_of(context.params["task"], context.params)


def run_config(chosen: Experiment) -> dict[str, Any]:
    """The `config.json` of a run, with what the data determines."""
    return chosen.run_config(chosen.model_config(chosen.puzzles("test"))).model_dump(mode="json")


def saved(tmp_path: Path, line: str, name: str = "settings.yaml") -> Path:
    path = tmp_path / name
    path.write_text(trm(line).out)
    return path


@pytest.mark.parametrize(("preset", "form"), [("quick", "yaml"), ("attention", "json"), ("paper", "yaml")])
def test_the_settings_of_a_preset_make_the_presets_run(tmp_path: Path, preset: str, form: str) -> None:
    file = saved(tmp_path, f"presets arithmetic {preset} --{form}", f"settings.{form}")
    small = "--set task.test_examples=3"
    expected = run_config(experiment(f"arithmetic --preset {preset} {small}"))
    assert run_config(experiment(f"arithmetic --config {file} {small}")) == expected
    assert run_config(experiment(f"--config {file} {small}")) == expected  # the file names the task


@pytest.mark.parametrize("task", ["sudoku", "maze", "arithmetic", "arc"])
def test_every_preset_survives_the_file(tmp_path: Path, task: str) -> None:
    from trm.plugins.registry import get_registry

    for preset in get_registry().task(task).presets:
        file = saved(tmp_path, f"presets {task} {preset.name} --yaml")
        given, expected = experiment(f"{task} --config {file}"), experiment(f"{task} --preset {preset.name}")
        assert given.task.config == expected.task.config
        assert given.training == expected.training
        assert given.task.augmentation_name == expected.task.augmentation_name
        assert given.task.dataset == expected.task.dataset
        assert (given.preset, given.starts_from) == (expected.preset, expected.starts_from)
        if expected.earlier is not None:
            assert given.earlier is not None
            before, wanted = given.earlier(), expected.earlier()
            assert (before.preset, before.training, before.task.config) == (
                wanted.preset,
                wanted.training,
                wanted.task.config,
            )
            assert completed(before.model_settings) == completed(wanted.model_settings)
        assert completed(given.model_settings).items() >= completed(expected.model_settings).items()


def test_set_and_options_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "preset: mini\nseed: 7\nmetrics: []\naugmentation: null\ntraining: {learning_rate: 3e-3, max_steps: 9}\n"
    )
    chosen = experiment(f"sudoku --config {file} --set training.max_steps=11")
    assert chosen.training is not None
    assert (chosen.training.learning_rate, chosen.training.max_steps) == (3e-3, 11)
    assert (chosen.preset, chosen.seed, chosen.task.augmentation_name) == ("mini", 7, None)
    assert experiment(f"sudoku --config {file} --seed 0").seed == 0
    assert experiment(f"sudoku --config {file} --augmentation symmetries").task.augmentation_name == "symmetries"


def test_a_file_may_end_by_epochs_though_its_preset_ends_by_steps(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("training: {num_epochs: 2}\n")
    training = experiment(f"sudoku --config {file}").training
    assert training is not None
    assert (training.num_epochs, training.max_steps) == (2, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_may_have_any_usual_encoding_and_line_ends(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("# für später\r\npreset: mini\r\nseed: 3\r\n".encode(encoding))
    assert experiment(f"sudoku --config {file}").seed == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training: {learning_rat: 1}", "There is no setting 'training.learning_rat'. Did you mean 'learning_rate'"),
        ("task_config: {siz: 9}", "There is no setting 'task_config.siz'. Did you mean 'size'"),
        ("model: {hiden_dim: 9}", "There is no setting 'model.hiden_dim'. Did you mean 'hidden_dim'"),
        ("trainin: {}", "There is no key 'trainin'. Did you mean 'training'"),
        ("training: {learning_rate: -1}", "training.learning_rate = -1 is not possible"),
        ("training: 5", "training is 5, expected names of settings with their values."),
        ("task: {size: 4}", "its settings are under task_config"),
        ("task: maze", "task is 'maze', but TASK is 'sudoku'."),
        ("preset: mni", "no preset 'mni'. Did you mean 'mini'"),
        ("seed: -1", "seed = -1 is not possible"),
        ("just words", "it holds no settings"),
        ("", "it holds no settings"),
        ("a: [1", "line 2, column 1"),
        ("seed: 1\nseed: 2", "line 2, column 1: 'seed' stands here twice"),
    ],
)
def test_a_wrong_file_is_answered_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text + "\n")
    done = trm(f"train sudoku --config {file} -o {tmp_path / 'run'}")
    assert done.code == 2
    assert message in done.err
    assert str(file) in done.err or "preset" in message
    assert not (tmp_path / "run").exists()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.yaml"):
        done = trm(f"train sudoku --config {path}")
        assert done.code == 2
        assert f"Cannot read {path}: " in done.err


@pytest.mark.parametrize(
    ("line", "setting", "value"),
    [
        ("sudoku --epochs 3", "num_epochs", 3),
        ("sudoku --epochs 3", "max_steps", None),
        ("sudoku --max-steps 5", "max_steps", 5),
        ("sudoku --preset paper --max-steps 5", "num_epochs", None),
        ("sudoku --batch-size 2", "batch_size", 2),
        ("sudoku --lr 1e-4", "learning_rate", 1e-4),
        ("sudoku --lr 1e-3 --set training.learning_rate=0.001", "learning_rate", 1e-3),
        ("sudoku --n-train 12", "train_puzzles", 12),
        ("sudoku --grid-size 6", "size", 6),
        ("arithmetic --n-train 12", "train_examples", 12),
        ("maze --grid-size 12", "size", 12),
        ("arc --grid-size 10", "side", 10),
        ("arc --n-augmentations 3", "variants", 3),
    ],
)
def test_everyday_spellings_are_settings(line: str, setting: str, value: Any) -> None:
    chosen = experiment(line)
    assert {**chosen.task.config.model_dump(), **dict(chosen.training or {})}[setting] == value


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "sudoku --lr 1e-3 --set training.learning_rate=2e-3",
            "--lr 1e-3 and --set training.learning_rate=2e-3 differ",
        ),
        ("sudoku --grid-size 4 --set size=9", "--grid-size 4 and --set size=9 differ"),
        ("sudoku --n-augmentations 5", "no setting for --n-augmentations. Its settings are task.size"),
        ("arc --n-train 5", "no setting for --n-train. Its settings are task.training"),
        ("sudoku --epochs 0", "training.num_epochs = 0 is not possible"),
        ("sudoku --batch-size many", "training.batch_size = 'many' is not possible"),
        ("sudoku --grid-size 10", "task.size = 10 is not possible"),
    ],
)
def test_everyday_spellings_that_cannot_be_served(line: str, message: str, tmp_path: Path) -> None:
    done = trm(f"train {line} -o {tmp_path / 'run'}")
    assert done.code == 2
    assert message in done.err


def test_everyday_options_name_settings_that_exist() -> None:
    from trm.config import TrainingConfig

    for everyday in EVERYDAY:
        for setting in everyday.settings:
            section, _, name = setting.partition(".")
            assert section == "task" or name in TrainingConfig.model_fields


def test_a_run_trains_the_epochs_and_its_config_can_be_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    first = trm(f"train arithmetic {SMALL} --epochs 1 -o {tmp_path / 'a'} --json")
    assert first.code == 0, first.err
    last = json.loads((tmp_path / "a" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["epoch"] == pytest.approx(1, abs=0.3)
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert config["training"]["num_epochs"] == 1
    assert config["training"]["max_steps"] is None
    assert "epochs" not in config
    again = trm(f"train --config {tmp_path / 'a'} -o {tmp_path / 'b'} --json")
    assert again.code == 0, again.err
    other = json.loads((tmp_path / "b" / "config.json").read_text())
    for settings in (config, other):
        settings["training"].pop("output_dir")
    assert RunConfig(**other) == RunConfig(**config)
    weights = [next((tmp_path / name / "checkpoints").glob("*/model.safetensors")).read_bytes() for name in ("a", "b")]
    assert weights[0] == weights[1]
    refused = trm(f"train --resume {tmp_path / 'a'} --lr 5e-2")
    assert refused.code == 2
    assert "training.learning_rate 0.05 instead of 0." in refused.err
    refused = trm(f"train --resume {tmp_path / 'a'} --config {tmp_path / 'a' / 'config.json'}")
    assert refused.code == 2
    assert "Omit --config with --resume" in refused.err
    longer = trm(f"train --resume {tmp_path / 'a'} --epochs 2")
    assert longer.code == 0, longer.err
    assert json.loads((tmp_path / "a" / "config.json").read_text())["training"]["num_epochs"] == 2


def test_use_attention_is_not_ignored_because_the_preset_names_a_mixer() -> None:
    chosen = experiment("sudoku --set model.use_attention=true")
    assert completed(chosen.model_settings)["mixing"] == "attention"
