"""What goes wrong in the middle of a training: what is kept, and what is said."""

import dataclasses
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.support.small_run import DEVICE, TRAINING, SmallRun, same_bits
from trm import Trainer
from trm.errors import NotFiniteError, PluginError, TRMError
from trm.evaluation.metrics import CellAccuracy
from trm.runs.checkpoint_folder import newest_good
from trm.runs.history import read_history
from trm.training import Interrupted
from trm.training.monitor import Monitor, TrainingView

KIND = DEVICE.partition(":")[0]


class At(Monitor):
    """Does something once a step is done."""

    def __init__(self, step: int, action: Callable[[Trainer], object]) -> None:
        self.at, self.action = step, action

    def step(self, trainer: Trainer, progress: float) -> None:
        if trainer.step == self.at:
            self.action(trainer)


@pytest.fixture(scope="module")
def whole() -> dict[str, torch.Tensor]:
    """The weights of a training in which nothing goes wrong."""
    return SmallRun(None).fit()


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 1 MB; mounting one is the privilege of root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    while os.path.ismount(folder):
        subprocess.run(["umount", "-l", folder], check=True)


def stopped(run: SmallRun, kind: type[TRMError] = TRMError, **arguments: Any) -> str:
    with pytest.raises(kind) as error:
        run.fit(**arguments)
    assert type(error.value) is kind
    return str(error.value)


def kept(folder: Path, step: int) -> str:
    """The end of a message, checked to be true."""
    checkpoint = folder / "checkpoints" / f"step_{step}"
    assert newest_good(folder) == (checkpoint, [])
    return f" The last good checkpoint is {checkpoint}; resume it with: trm train --resume {folder}"


def test_disk_full(tmpfs: Path, whole: dict[str, torch.Tensor]) -> None:
    folder = tmpfs / "run"

    def fill(trainer: Trainer) -> None:
        (tmpfs / "other").write_bytes(bytes(shutil.disk_usage(tmpfs).free - 16384))

    said = stopped(SmallRun(folder, At(5, fill)))
    assert said.startswith(f"Cannot write {folder / 'checkpoints' / 'step_6'}: ")
    assert "No space left on device" in said
    assert said.endswith(kept(folder, 4))
    assert [path.name for path in (folder / "checkpoints").iterdir() if path.name.startswith(".")] == []
    (tmpfs / "other").unlink()
    assert same_bits(SmallRun(folder).fit(), whole)


def test_disk_full_in_the_metrics(tmpfs: Path, whole: dict[str, torch.Tensor]) -> None:
    """A line of metrics that is cut off by a full disk is forgotten when the run goes on."""
    folder = tmpfs / "run"

    def fill(trainer: Trainer) -> None:
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(
                " " * (-(folder / "metrics.jsonl").stat().st_size % 4096 - 100)
            )  # to 100 bytes before a page's end
        with (tmpfs / "other").open("wb") as file:
            while True:
                file.write(bytes(4096))

    def fill_all(trainer: Trainer) -> None:
        with pytest.raises(OSError, match="No space"):
            fill(trainer)

    said = stopped(SmallRun(folder, At(6, fill_all), eval_interval=None))
    assert said == f"Cannot write {folder / 'metrics.jsonl'}: No space left on device.{kept(folder, 4)}"
    (tmpfs / "other").unlink()
    assert same_bits(SmallRun(folder, eval_interval=None).fit(), whole)
    assert [record["step"] for record in read_history(folder).records] == [3, 6, 9, 12, 12]


def test_read_only_folder(tmpfs: Path, whole: dict[str, torch.Tensor]) -> None:
    """Mounted read-only, which binds root too."""
    folder = tmpfs / "run"

    def protect(trainer: Trainer) -> None:
        subprocess.run(["mount", "--bind", tmpfs, tmpfs], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", tmpfs], check=True)

    said = stopped(SmallRun(folder, At(5, protect)))
    assert "Cannot write" in said
    assert ": Read-only file system." in said
    assert said.endswith(kept(folder, 4))
    with pytest.raises(TRMError, match=rf"Cannot write {folder}: Read-only file system\."):
        SmallRun(folder)
    subprocess.run(["umount", "-l", tmpfs], check=True)
    assert same_bits(SmallRun(folder).fit(), whole)


def test_run_folder_removed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = stopped(SmallRun(folder, At(5, lambda trainer: shutil.rmtree(folder))))
    assert said.startswith(f"Cannot write {folder / 'metrics.jsonl'}: No such file or directory.")
    assert said.endswith("This training has no checkpoint yet.")
    assert not folder.exists()  # whoever removed it meant it


@pytest.mark.parametrize("name", ["checkpoints/step_4", "latest", "metrics.jsonl", ".lock.json"])
def test_file_removed(tmp_path: Path, whole: dict[str, torch.Tensor], name: str) -> None:
    """Without a part of what was saved training goes on, and saves what is still to come."""
    folder = tmp_path / "run"

    def remove(trainer: Trainer) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert same_bits(SmallRun(folder, At(5, remove)).fit(), whole)
    assert newest_good(folder)[0].name == "step_12"
    assert (folder / "summary.json").exists()


def test_clock_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, torch.Tensor]) -> None:
    """A clock that runs backwards from 2100 on: seconds are never negative, and the newest checkpoint is still it."""
    now = iter(range(4102444800, 0, -86400))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    folder = tmp_path / "run"

    def age(trainer: Trainer) -> None:
        for path in folder.rglob("*"):
            os.utime(path, (4102444800, 4102444800))

    assert same_bits(SmallRun(folder, At(7, age)).fit(), whole)
    seconds = [record["seconds"] for record in read_history(folder).records]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0
    assert newest_good(folder)[0].name == "step_12"


class BrokenAugmentation:
    """A plugin's symmetry that fails at its tenth batch."""

    def __init__(self) -> None:
        self.calls = 0

    def apply(self, rng: Any, inputs: Any, labels: Any) -> Any:
        self.calls += 1
        if self.calls == 8:
            raise IndexError("no such row")
        return inputs, labels, None

    def invert(self, predictions: Any, token: Any) -> Any:
        return predictions


def test_data_of_a_plugin_fails(tmp_path: Path, whole: dict[str, torch.Tensor]) -> None:
    folder = tmp_path / "run"
    said = stopped(SmallRun(folder, augmentation=BrokenAugmentation()), PluginError)
    checkpoint, _ = newest_good(folder)
    step = int(checkpoint.name.removeprefix("step_"))
    assert step >= 2
    assert said.startswith("The training data failed after step ")
    assert f": IndexError: no such row.{kept(folder, step)}" in said
    assert same_bits(SmallRun(folder).fit(), whole)


class BrokenMetric(CellAccuracy):
    """A plugin's metric that fails at the second evaluation."""

    evaluations = 0

    def compute(self) -> float:
        self.evaluations += 1
        if self.evaluations == 2:
            raise ZeroDivisionError("no cells")
        return super().compute()


def test_metric_of_a_plugin_fails(tmp_path: Path, whole: dict[str, torch.Tensor]) -> None:
    """The step whose scores failed is saved first, and scored when the run goes on."""
    folder = tmp_path / "run"
    said = stopped(SmallRun(folder, save_interval=100), PluginError, metrics={"mine": BrokenMetric()})
    assert said == f"Metric 'mine' failed: ZeroDivisionError: no cells.{kept(folder, 8)}"
    assert same_bits(SmallRun(folder, save_interval=100).fit(), whole)
    assert [record["step"] for record in read_history(folder).records if "test" in record] == [4, 8, 12]


def poison(trainer: Trainer) -> None:
    """From here on every loss is undefined."""
    step = trainer.model.supervision_step

    def poisoned(inputs: torch.Tensor, *rest: Any) -> Any:
        state, output = step(inputs, *rest)
        return state, dataclasses.replace(output, halt_logits=output.halt_logits * float("nan"))

    trainer.model.supervision_step = poisoned  # type: ignore[method-assign]


def test_steps_that_are_not_finite(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "run"
    run = SmallRun(folder, At(6, poison), max_skipped_steps=2, eval_interval=None, max_steps=20)
    said = stopped(run, NotFiniteError)
    batch = folder / "not_finite_step_9.safetensors"
    checkpoint = folder / "checkpoints" / "step_8"
    assert said == (
        "The loss or gradient was not finite in 3 steps in a row, the last of them step 9. "
        f"Its batch is in {batch}. Lower training.learning_rate or training.grad_clip. "
        f"The last good checkpoint is {checkpoint}; start from it with: trm train --init {checkpoint}"
    )
    assert load_file(batch)["inputs"].shape == (4, 5)
    assert [record.getMessage() for record in caplog.records] == [
        f"Step {step} is skipped: its loss or gradient is not finite." for step in (7, 8, 9)
    ]
    before, after = (load_file(folder / "checkpoints" / f"step_{step}" / "model.safetensors") for step in (6, 8))
    assert same_bits(before, after)
    for name in ("ema", "optimizer"):
        one, other = (load_file(folder / "checkpoints" / f"step_{step}" / f"{name}.safetensors") for step in (6, 8))
        assert same_bits(one, other)


def test_a_gradient_that_is_not_finite_is_skipped_and_counted(tmp_path: Path) -> None:
    """One bad step: the weights stay, the run goes on, the lines of metrics and the summary count it."""
    run = SmallRun(tmp_path / "run")
    weights: list[dict[str, torch.Tensor]] = []

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        if run.trainer.step == 4:
            weights.append(copied(run.model))
            return torch.full_like(gradient, float("inf"))
        return gradient

    next(iter(run.model.network_parameters())).register_hook(spoil)
    run.trainer.monitor = At(5, lambda trainer: weights.append(copied(trainer.model)))
    run.fit()
    assert same_bits(*weights)
    assert not same_bits(weights[0], run.model.state_dict())
    history = read_history(tmp_path / "run")
    assert history.summary is not None
    assert history.summary["skipped_steps"] == 1
    assert [record["skipped"] for record in history.records if "test" not in record] == [0, 1, 1, 1]
    assert all(value.isfinite().all() for value in run.model.state_dict().values())


def copied(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_memory_that_holds_half_a_batch(caplog: pytest.LogCaptureFixture) -> None:
    """The step is computed in parts, to the same weights up to rounding."""
    settings: dict[str, Any] = {"dropout": 0.0, "learning_rate": 1e-4, "eval_interval": None, "precision": "fp32"}
    run, parts = SmallRun(None, **settings), SmallRun(None, **settings)
    limit_memory(parts, 2, torch.is_grad_enabled)
    one, other = run.fit(), parts.fit()
    assert parts.trainer.state.accumulation.rows == 2
    assert f"{KIND} is out of memory: steps are now computed in parts of 2 puzzles." in caplog.text
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-6)


def test_no_memory_for_one_puzzle(tmp_path: Path) -> None:
    run = SmallRun(tmp_path / "run", At(5, lambda trainer: limit_memory(run, 0)))
    said = stopped(run)
    assert said.startswith(f"{KIND} has no memory for a training step of even one puzzle. Lower model.hidden_dim")
    assert said.endswith(kept(tmp_path / "run", 4))


def test_no_memory_for_scoring(tmp_path: Path) -> None:
    run = SmallRun(tmp_path / "run", At(5, lambda trainer: limit_memory(run, 4)))
    said = stopped(run)
    assert said == f"{KIND} has no memory for evaluation. Lower training.eval_batch_size.{kept(tmp_path / 'run', 8)}"


def limit_memory(run: SmallRun, puzzles: int, when: Callable[[], bool] = lambda: True) -> None:
    """From here on the device's own allocator refuses a step of more puzzles."""
    step = run.model.supervision_step

    def limited(inputs: torch.Tensor, *rest: Any) -> Any:
        if len(inputs) > puzzles and when():
            torch.empty(2**62, dtype=torch.uint8)
        return step(inputs, *rest)

    run.model.supervision_step = limited  # type: ignore[method-assign]


def interrupt(trainer: object = None) -> None:
    os.kill(os.getpid(), signal.SIGINT)


class InterruptingMetric(CellAccuracy):
    """Ctrl-C while the test puzzles are scored."""

    def update(self, arrays: Any) -> None:
        super().update(arrays)
        interrupt()


def test_interrupted_while_scoring(tmp_path: Path, whole: dict[str, torch.Tensor]) -> None:
    """The scores are given up, the step is saved, and it is scored when the run goes on."""
    folder = tmp_path / "run"
    with pytest.raises(Interrupted) as error:
        SmallRun(folder, save_interval=100).fit({"cell_accuracy": InterruptingMetric()})
    assert error.value.checkpoint == folder / "checkpoints" / "step_4"
    assert error.value.signal_number == signal.SIGINT
    assert same_bits(SmallRun(folder, save_interval=100).fit(), whole)
    assert [record["step"] for record in read_history(folder).records if "test" in record] == [4, 8, 12]


def test_interrupted_twice(tmp_path: Path, whole: dict[str, torch.Tensor]) -> None:
    """The second Ctrl-C stops at once: nothing is saved any more, and the last checkpoint is as it was."""
    folder = tmp_path / "run"

    def twice(trainer: Trainer) -> None:
        interrupt()
        interrupt()

    with pytest.raises(Interrupted) as error:
        SmallRun(folder, At(7, twice)).fit()
    assert error.value.checkpoint == folder / "checkpoints" / "step_6"
    assert newest_good(folder) == (folder / "checkpoints" / "step_6", [])
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    assert same_bits(SmallRun(folder).fit(), whole)


def test_interrupted_again_while_it_saves(tmp_path: Path, whole: dict[str, torch.Tensor]) -> None:
    """The second Ctrl-C falls into the writing that the first one led to: the checkpoint before it is the last."""
    folder = tmp_path / "run"

    def stop(training: TrainingView) -> None:
        interrupt()
        assert run.run is not None
        run.run.mark = lambda marker, checkpoint: interrupt()  # type: ignore[method-assign, assignment]

    run = SmallRun(folder, At(7, stop))
    with pytest.raises(Interrupted) as error:
        run.fit()
    assert error.value.checkpoint == folder / "checkpoints" / "step_6"
    assert newest_good(folder) == (folder / "checkpoints" / "step_6", [])
    assert same_bits(SmallRun(folder).fit(), whole)


def test_unexpected_error_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def fail(trainer: Trainer) -> None:
        raise LookupError("a fault of ours")

    said = stopped(SmallRun(folder, At(5, fail)))
    assert said == f"Training stopped at step 5: LookupError: a fault of ours.{kept(folder, 4)} --debug shows where."


def test_nothing_is_said_of_checkpoints_without_a_run_folder() -> None:
    def fail(trainer: Trainer) -> None:
        raise LookupError("a fault of ours")

    assert TRAINING["max_steps"] > 5
    said = stopped(SmallRun(None, At(5, fail)))
    assert said == "Training stopped at step 5: LookupError: a fault of ours. --debug shows where."
