"""Weights named as `task:preset` or as a run wherever weights are named, and options given as `none`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

pytest.importorskip("trm_tasks_sudoku")
pytest.importorskip("trm_tasks_arithmetic")


from tests.support.command import trm
from trm.cli import absent
from trm.cli.common import task_and_weights
from trm.cli.main import COMMANDS, cli, main
from trm.errors import CheckpointError, UsageError
from trm.plugins.registry import get_registry
from trm.words import counted

WEIGHTS = "arithmetic:quick"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "command",
    [
        "solve WEIGHTS 12+30",
        "solve arithmetic 12+30 --checkpoint WEIGHTS",
        "trace WEIGHTS 12+30 --steps 1",
        "trace arithmetic 12+30 --checkpoint WEIGHTS --steps 1",
        "demo WEIGHTS --puzzles 1 --steps 1 --delay 0",
        "demo arithmetic --checkpoint WEIGHTS --puzzles 1 --steps 1 --delay 0",
        "evaluate WEIGHTS --limit 2 --set task.test_examples=2",
        "train arithmetic --init WEIGHTS --set training.max_steps=1 --set training.batch_size=2 --set task.train_examples=8 "
        "--set task.test_examples=2 --set training.n_supervision_eval=1 --output new --quiet",
    ],
)
@pytest.mark.parametrize("weights", [WEIGHTS, "exported.safetensors"])
def test_weights_are_named_in_one_way(
    command: str, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    if weights != WEIGHTS:
        from trm.runs.locate import shipped_weights

        (tmp_path / weights).write_bytes(shipped_weights("arithmetic")["quick"].read_bytes())
    arguments = command.replace("WEIGHTS", weights).split()
    assert run(*arguments, "--device", "cpu") == 0


def test_the_task_of_weights_is_found() -> None:
    assert task_and_weights("arithmetic", None) == ("arithmetic", "arithmetic")
    assert task_and_weights("arithmetic", "x") == ("arithmetic", "x")
    assert task_and_weights(WEIGHTS, None) == ("arithmetic", WEIGHTS)
    with pytest.raises(UsageError, match="Omit one of them"):
        task_and_weights(WEIGHTS, "x")
    with pytest.raises(UsageError, match=r"There is no task 'arithmetik'. Did you mean 'arithmetic'"):
        task_and_weights("arithmetik:quick", None)
    with pytest.raises(CheckpointError, match=r"There is no checkpoint missing.safetensors"):
        task_and_weights("missing.safetensors", None)


def test_none_can_stand_for_every_option_without_a_default() -> None:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert isinstance(command, click.Command)
        for option in command.params:
            if not isinstance(option, click.Option) or not absent._may_be_absent(option):
                continue
            for word in ("none", "None", "null", "unset"):
                assert option.type_cast_value(context, word) is None, (name, option.name)


@pytest.mark.parametrize("word", ["none", "None", "null", "unset"])
def test_no_augmentation(word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(
        *f"train sudoku --preset mini --augmentation {word} --threads {word} --init {word} --set training.max_steps=1".split(),
        *f"--set training.num_epochs={word} --set task.train_puzzles=20 --set task.test_puzzles=4 --quiet".split(),
        "--output", str(tmp_path / "run"), "--device", "cpu",
    )  # fmt: skip
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["augmentation"] is None
    assert config["init"] is None
    assert config["training"]["num_epochs"] is None


def test_the_learning_rate_has_its_full_name_too() -> None:
    shown = trm("train sudoku --learning-rate 0.5 --help")
    assert shown.code == 0
    assert "training.learning_rate=0.5 " in shown.out


def test_other_names_of_devices() -> None:
    with pytest.raises(UsageError, match=r"There is no device 'GPU'. Did you mean 'cuda' or 'mps'"):
        get_registry().backend("GPU")


def test_one_has_no_plural() -> None:
    assert counted(1, "puzzle") == "1 puzzle"
    assert counted(0, "puzzle") == "0 puzzles"
    assert counted(1200, "puzzle") == "1,200 puzzles"
    assert counted(2, "search", "searches") == "2 searches"
