"""Going on with a run: from which checkpoint, under which settings, and by whom."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from tests.support.small_run import MODEL, SmallRun, same_bits
from trm import TinyRecursiveModel, Trainer, TrainingConfig
from trm.cli.main import main
from trm.config import RunConfig
from trm.data.sampler import GroupSampler, LoaderStream, as_batch
from trm.errors import CheckpointError, DataError, UsageError
from trm.evaluation.metrics import CellAccuracy
from trm.experiment import resumption
from trm.runs.checkpoint_folder import newest_good
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder
from trm.storage.atomic import sha256
from trm.storage.locks import RunLock
from trm.utils import set_seed

SETTINGS = {
    "task.train_puzzles": 60,
    "task.test_puzzles": 20,
    "training.max_steps": 8,
    "training.batch_size": 8,
    "training.save_interval": 4,
    "training.log_interval": 4,
    "model.hidden_dim": 8,
    "model.mlp_multiple_of": 8,
}
TRAIN = ["train", "sudoku", "--preset", "mini", "--quiet", "--device", "cpu"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume") / "run"
    assert command(*TRAIN, *sets(SETTINGS), "--output", folder) == 0
    return folder


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(str(ended.value.code))


def sets(values: dict[str, Any]) -> list[str]:
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def copy(run: Path, to: Path) -> Path:
    for file in run.rglob("*"):
        if file.is_file():
            (to / file.relative_to(run)).parent.mkdir(parents=True, exist_ok=True)
            (to / file.relative_to(run)).write_bytes(file.read_bytes())
    return to


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "1"], "would make it a different training: --seed 1 instead of 0."),
        (["--set", "training.learning_rate=0.5"], "training.learning_rate 0.5 instead of 0.004."),
        (["--set", "training.precision=bf16"], 'training.precision "bf16" instead of "auto".'),
        (["--set", "model.hidden_dim=16", "--set", "task.clues=7"], "task.clues 7 instead of 6; model.hidden_dim 16 "),
        (["--augmentation", "none"], '--augmentation unset instead of "symmetries".'),
        (["--output", "elsewhere"], "Omit --output with --resume"),
        (["--init", "sudoku"], "Omit --init with --resume"),
    ],
)
def test_settings_of_another_training_are_refused(
    capsys: pytest.CaptureFixture[str], finished: Path, arguments: list[str], message: str
) -> None:
    before = (finished / "config.json").read_bytes()
    assert command("train", "--resume", finished, *arguments) == 2
    assert message in capsys.readouterr().err
    assert (finished / "config.json").read_bytes() == before


def test_the_runs_own_settings_may_be_repeated(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path
) -> None:
    run = copy(finished, tmp_path / "run")
    assert command("train", "sudoku", "--preset", "mini", "--seed", "0", *sets(SETTINGS), "--resume", run) == 0
    assert "instead of" not in capsys.readouterr().err
    assert (run / "config.json").read_bytes() == (finished / "config.json").read_bytes()
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [4, 8, 8]  # the last evaluation is repeated, not doubled


@pytest.mark.parametrize("as_json", [False, True])
def test_a_finished_run_is_said_to_be_finished(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, finished: Path, tmp_path: Path, as_json: bool
) -> None:
    """Nothing is built, scored or written; the exit code is 0."""
    run = copy(finished, tmp_path / "run")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    monkeypatch.setattr(resumption, "fit", None)
    assert command("train", "--resume", run, *(["--json"] if as_json else [])) == 0
    shown = capsys.readouterr().out
    summary = json.loads((run / "summary.json").read_text())
    if as_json:
        assert json.loads(shown) == summary
    else:
        score = summary["final_metrics"]["exact_accuracy"]
        assert f"The run in {run} is finished after 8 steps" in shown
        assert f"exact_accuracy {score:.2%}" in shown
        assert f"trm evaluate {run}\n" in shown
        assert f"trm train --resume {run} --set training.max_steps=16\n" in shown
    assert all(file.read_bytes() == content for file, content in before.items())


def test_a_run_that_was_killed_after_its_end_was_moved_is_not_finished(finished: Path, tmp_path: Path) -> None:
    run = copy(finished, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resumption, "fit", lambda *_, **__: sys.exit(9))
        assert command("train", "--resume", run, "--set", "training.max_steps=12") == 9
    assert not (run / "summary.json").exists()
    assert command("train", "--resume", run, "--quiet") == 0
    assert newest_good(run)[0].name == "step_12"


def test_another_end_and_other_reports_are_named_and_kept(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path
) -> None:
    run = copy(finished, tmp_path / "run")
    changed = {"training.max_steps": 12, "training.log_interval": 2, "training.eval_answer": "surest"}
    assert command("train", "--resume", run, "--quiet", *sets(changed)) == 0
    error = " ".join(capsys.readouterr().err.split())
    assert "Resuming with changed settings: training.max_steps 12 instead of 8; training.log_interval 2" in error
    assert "schedule follows the new end from here on" in error
    config = json.loads((run / "config.json").read_text())
    assert config["training"]["max_steps"] == 12
    assert config["training"]["eval_answer"] == "surest"
    assert config["changes"][0] == "step 8: training.max_steps 12 instead of 8"
    assert newest_good(run)[0].name == "step_12"


def test_other_versions_are_named(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    run = copy(finished, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["versions"]["torch"] = "2.0.0"
    (run / "config.json").write_text(json.dumps(config))
    assert command("train", "--resume", run, "--quiet", "--set", "training.max_steps=9") == 0
    assert f"The run was started with torch 2.0.0, here {torch.__version__}" in capsys.readouterr().err


def test_damaged_latest_checkpoint(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    """Training resumes from the previous checkpoint and ends with the same weights; scoring names the undamaged one."""
    run = copy(finished, tmp_path / "run")
    latest, before = run / "checkpoints" / "step_8", run / "checkpoints" / "step_4"
    damage(latest / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"model\.safetensors is damaged.* {before} is undamaged\."):
        locate(run)
    assert command("train", "--resume", run, "--quiet") == 0
    error = " ".join(capsys.readouterr().err.split())
    assert f"Warning: {latest}/model.safetensors is damaged: its checksum differs from the saved one." in error
    assert f"Resuming from {before}, the newest undamaged checkpoint." in error
    for name in ("model", "ema"):
        ours, theirs = (load_file(path / "checkpoints" / "step_8" / f"{name}.safetensors") for path in (run, finished))
        assert same_bits(ours, theirs)


def test_no_whole_checkpoint(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    run = copy(finished, tmp_path / "run")
    for file in run.glob("checkpoints/*/slots.safetensors"):
        damage(file)
    assert command("train", "--resume", run) == 2
    assert f"All checkpoints of {run} are damaged." in " ".join(capsys.readouterr().err.split())


def test_killed_before_the_first_checkpoint(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    run = copy(finished, tmp_path / "run")
    for name in ("latest", "best", "summary.json"):
        (run / name).unlink(missing_ok=True)
    for folder in run.glob("checkpoints/*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    assert command("train", "--resume", run, "--quiet") == 0
    assert "This run has no checkpoint yet: starting at its first step." in capsys.readouterr().err
    ours, theirs = (load_file(path / "checkpoints" / "step_8" / "model.safetensors") for path in (run, finished))
    assert same_bits(ours, theirs)
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 3


def test_other_data_is_refused(tmp_path: Path) -> None:
    SmallRun(tmp_path / "run").fit()
    changed = SmallRun(None)
    changed.puzzles.inputs[3, 2] += 1
    with pytest.raises(DataError, match="The training data has changed since the run was started"):
        changed.trainer.resume(newest_good(tmp_path / "run")[0], GroupSampler(changed.puzzles, seed=3))


def test_checkpoint_of_another_version(tmp_path: Path) -> None:
    SmallRun(tmp_path / "run").fit()
    checkpoint = newest_good(tmp_path / "run")[0]
    state = json.loads((checkpoint / "training.json").read_text())
    del state["window"]
    (checkpoint / "training.json").write_text(json.dumps(state))
    rewrite_checksum(checkpoint, "training.json")
    with pytest.raises(CheckpointError, match="has no 'window' to go on from: another version of trm saved it"):
        SmallRun(tmp_path / "run")


def rewrite_checksum(checkpoint: Path, name: str) -> None:
    checksums = json.loads((checkpoint / "checksums.json").read_text())
    checksums[name] = sha256(checkpoint / name)
    (checkpoint / "checksums.json").write_text(json.dumps(checksums))


def test_two_trainings_of_one_folder(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """The second is refused with the first one's name; a dead owner holds nothing."""
    program = (
        "import sys; from pathlib import Path; from trm.storage.locks import RunLock\n"
        "with RunLock(Path(sys.argv[1])): print('held', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, finished],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert command("train", "--resume", finished) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert f"The run folder {finished} is being written by process {process.pid} on " in error
    assert ", since 2" in error
    process.kill()
    process.communicate()
    with RunLock(finished):
        assert json.loads((finished / ".lock.json").read_text())["pid"] == os.getpid()
    assert not (finished / ".lock.json").exists()


def test_python_programs_are_locked_out_too(tmp_path: Path) -> None:
    first = SmallRun(tmp_path / "run")
    first.fit()
    second = SmallRun(tmp_path / "run", max_steps=16)
    with first.trainer.run.locked(), pytest.raises(UsageError, match="is being written by process"):  # type: ignore[union-attr]
        second.fit()


def test_best_and_latest_are_never_pruned(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    for step in range(1, 8):
        checkpoint = run.save_checkpoint(step, {"model.safetensors": {"w": torch.ones(2)}}, {})
        run.mark("latest", checkpoint)
        if step == 2:
            run.mark("best", checkpoint)
        run.prune(2)
    assert [path.name for path in run.checkpoints()] == ["step_2", "step_6", "step_7"]
    run.mark("latest", tmp_path / "checkpoints" / "step_6")  # gone back to it: 7 is of another future
    run.prune(1)
    assert [path.name for path in run.checkpoints()] == ["step_2", "step_6", "step_7"]


def test_shuffled_loader_and_global_generators_go_on(tmp_path: Path) -> None:
    """A data set that draws from Python's, NumPy's and torch's generators, behind a shuffling loader."""
    whole = loader_run(tmp_path / "whole", 30)
    loader_run(tmp_path / "parts", 17)
    parts = loader_run(tmp_path / "parts", 30)
    assert same_bits(whole, parts)


class Drawn(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 22

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        drawn = [random.randrange(4), int(np.random.randint(4)), int(torch.randint(4, ())), index % 4, 0]
        return torch.tensor(drawn), torch.tensor(drawn)


def loader_run(folder: Path, steps: int) -> dict[str, torch.Tensor]:
    set_seed(1)
    config = TrainingConfig(batch_size=4, max_steps=steps, schedule="constant", save_interval=100)
    stream = LoaderStream(DataLoader(Drawn(), 5, shuffle=True))
    model = TinyRecursiveModel(MODEL)
    run = RunFolder(folder) if folder.exists() else RunFolder.create(folder, RunConfig(model=MODEL, training=config))
    trainer = Trainer(model, config, "cpu", run=run, seed=2)
    if run.checkpoints():
        trainer.resume(newest_good(folder)[0], stream)
    tokens = torch.zeros(1, 5, dtype=torch.long)
    trainer.fit(stream, lambda limit: [as_batch((tokens, tokens))], {"cell_accuracy": CellAccuracy()})
    return dict(model.state_dict())
