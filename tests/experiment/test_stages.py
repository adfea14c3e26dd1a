"""A preset that starts from another is trained in stages, each an ordinary run in the run, and resumes within them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

import trm
from tests.support.small_run import same_bits
from trm.cli.main import main
from trm.config.overrides import find_preset, stages
from trm.experiment.experiment import Experiment
from trm.plugins.registry import get_registry
from trm.runs.checkpoint_folder import read_run_config
from trm.training import trainer

pytest.importorskip("trm_tasks_sudoku")

SETTINGS = {
    "task.size": 4,
    "task.style": "plain",
    "task.train_puzzles": 40,
    "task.test_puzzles": 5,
    "training.max_steps": 6,
    "training.save_interval": 2,
    "training.eval_interval": 50,
    "training.batch_size": 4,
    "training.n_supervision_eval": 2,
    "model.n_supervision": 2,
    "model.hidden_dim": 8,
    "model.mlp_multiple_of": 8,
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing is saved."""


def killed(*_: object) -> None:
    raise Killed


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(str(ended.value.code))


def train(*arguments: object) -> int:
    sets = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return command("train", "sudoku", "--quiet", "--device", "cpu", *sets, *arguments)


def weights(run: Path) -> dict[str, Any]:
    return load_file(run / "checkpoints" / "step_6" / "model.safetensors")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("staged") / "run"
    assert train("--preset", "hard", "--output", run) == 0
    return run


def test_stages_give_the_weights_of_trainings_by_hand(staged: Path, tmp_path: Path) -> None:
    assert train("--preset", "hard-1", "--output", tmp_path / "first") == 0
    assert train("--preset", "hard", "--init", tmp_path / "first", "--output", tmp_path / "second") == 0
    assert same_bits(weights(staged / "stages" / "hard-1"), weights(tmp_path / "first"))
    assert same_bits(weights(staged), weights(tmp_path / "second"))


def test_a_stage_is_an_ordinary_run(staged: Path) -> None:
    stage = staged / "stages" / "hard-1"
    assert trm.load(stage, device="cpu").evaluate(limit=2).step == 6
    assert read_run_config(stage).preset == "hard-1"
    assert read_run_config(staged).starts_from == "hard-1"
    assert read_run_config(staged).init is None


def test_the_summary_counts_all_stages(staged: Path) -> None:
    summary = json.loads((staged / "summary.json").read_text())
    assert [(stage["preset"], stage["steps"]) for stage in summary["stages"]] == [("hard-1", 6), ("hard", 6)]
    assert summary["steps"] == 12
    assert summary["seconds"] == pytest.approx(sum(stage["seconds"] for stage in summary["stages"]))


def test_notes_name_the_stages_and_the_way_around_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert train("--preset", "hard", "--output", tmp_path / "run") == 0
    shown = capsys.readouterr()
    assert "Training 2 presets, each from the weights of the one before: hard-1, hard." in shown.err
    assert "`--init sudoku:hard` would start from shipped weights instead." in shown.err
    assert "12 steps (hard-1 6, hard 6)" in shown.out


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Killed])
@pytest.mark.parametrize("steps", [3, 9])
def test_resumes_within_the_stage_that_was_stopped(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    staged: Path,
    tmp_path: Path,
    stop: type[BaseException],
    steps: int,
) -> None:
    run, left, step = tmp_path / "run", [steps], trainer.train_step

    def stopping(*arguments: Any) -> None:
        if not left[0]:
            raise stop
        left[0] -= 1
        step(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "train_step", stopping)
        try:
            assert train("--preset", "hard", "--output", run) == 130
        except Killed:
            pass
        else:
            assert f"Resume with: trm train --resume {run}\n" in capsys.readouterr().err
    assert (run / "checkpoints" / "step_2").exists() == (steps == 9)
    assert command("train", "--resume", run, "--quiet", "--device", "cpu") == 0
    assert "On 5 test puzzles" in capsys.readouterr().out
    assert same_bits(weights(run), weights(staged))
    assert json.loads((run / "summary.json").read_text())["steps"] == 12


def test_the_same_torchrun_job_resumes_within_a_stage(
    monkeypatch: pytest.MonkeyPatch, staged: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "7")
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "train_step", killed)
        with pytest.raises(Killed):
            train("--preset", "hard", "--output", tmp_path / "run")
    assert train("--preset", "hard", "--output", tmp_path / "run") == 0
    assert same_bits(weights(tmp_path / "run"), weights(staged))


def test_init_replaces_the_stages(staged: Path, tmp_path: Path) -> None:
    for init in (str(staged), "none"):
        run = tmp_path / Path(init).name
        assert train("--preset", "hard", "--init", init, "--output", run) == 0
        assert not (run / "stages").exists()
        assert read_run_config(run).starts_from is None
    assert read_run_config(tmp_path / "run").init == str(staged)
    assert read_run_config(tmp_path / "none").init is None


def test_settings_of_the_data_stay_with_presets_of_the_same_data() -> None:
    pytest.importorskip("trm_tasks_maze")
    sets = ["task.train_puzzles=7", "training.max_steps=9"]
    hard = Experiment.from_preset("sudoku", "hard", sets)
    maze = Experiment.from_preset("maze", "hard", sets)
    assert hard.earlier is not None
    assert maze.earlier is not None
    assert hard.earlier().config.model_dump()["train_puzzles"] == 7
    earlier = maze.earlier()
    assert (earlier.preset, earlier.config.model_dump()["train_puzzles"]) == ("quick", 20_000)
    sixteen = Experiment.from_preset("sudoku", "sixteen", ["model.hidden_dim=32"])
    assert sixteen.earlier is not None
    first = sixteen.earlier().earlier
    assert first is not None
    assert (first().preset, first().model_settings["hidden_dim"]) == ("hard-1", 32)
    assert earlier.training is not None
    assert earlier.training.max_steps == 9


def test_presets_that_start_from_others(capsys: pytest.CaptureFixture[str]) -> None:
    registry, found = get_registry(), {}
    for task in ("sudoku", "maze", "arc", "arithmetic"):
        if task in registry.tasks():
            spec = registry.task(task)
            chains = [[stage.name for stage in stages(spec, preset)] for preset in spec.presets]
            found[task] = [chain for chain in chains if len(chain) > 1]
    expected = {
        "sudoku": [["hard-1", "hard"], ["hard-1", "hard", "sixteen"], ["grid", "grid-hard"]],
        "maze": [["quick", "medium"], ["quick", "hard"]],
        "arc": [],
        "arithmetic": [],
    }
    assert found == {task: expected[task] for task in found}
    assert find_preset(registry.task("sudoku"), "hard").weights is not None
    assert command("train", "sudoku", "--preset", "hard-2") == 2
    assert "Did you mean 'hard-1' or 'hard' or 'grid-hard'?" in capsys.readouterr().err
