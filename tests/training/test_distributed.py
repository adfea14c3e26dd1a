"""Several processes train as one does; when one dies the others end and say so, and restarted they go on."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tests.support.several_processes as several
from tests.support.paths import ROOT, SUPPORT
from trm.config import RunConfig
from trm.devices.processes import Processes
from trm.runs.run_folder import ReadOnlyRun

LONG = ("training.max_steps=1000000", "training.save_interval=5", *several.MODELS["relational"])
SHORT = ("training.max_steps=12", "training.save_interval=6", *several.MODELS["relational"])


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data is built once."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["TRM_CACHE"] = str(folder)
    return folder


@pytest.mark.parametrize(("rows", "size"), [(64, 3), (3, 3), (7, 2), (5, 1)])
def test_each_row_has_one_process(rows: int, size: int) -> None:
    parts = [range(rows)[Processes(rank, size).part(rows)] for rank in range(size)]
    assert list(itertools.chain(*parts)) == list(range(rows))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    from trm import TrainingConfig, TRMConfig

    config = RunConfig(model=TRMConfig(vocab_size=3, context_length=4), training=TrainingConfig(max_steps=1))
    run = ReadOnlyRun.create(tmp_path / "run", config)
    with run.locked():
        run.append_metrics({"step": 1})
        run.mark("latest", run.save_checkpoint(1, {}, {}))
        run.prune(1)
        run.write_summary({})
    assert not (tmp_path / "run").exists()


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    one = several.train(1, tmp_path / "one", SHORT)
    process = several.start(2, several.command(tmp_path / "two", SHORT))
    said, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    loss, weights = several.differences(one, tmp_path / "two")
    assert loss < 1e-5
    assert weights < 1e-4
    assert several.scores(one) == several.scores(tmp_path / "two")
    assert said.count("On 50 test puzzles") == 1
    assert said.count("step     12  test") == 1


@pytest.mark.parametrize(
    ("rank", "message"), [("0", "Error: `trm doctor` runs in one process: start it without torchrun."), ("1", "")]
)
def test_commands_for_one_process_refuse_several(rank: str, message: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "trm", "doctor"],
        env=os.environ | {"RANK": rank, "WORLD_SIZE": "2"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    assert result.stderr.startswith(message) if message else not result.stderr
    assert not result.stdout


@pytest.mark.slow
def test_a_batch_that_is_too_small_is_refused_once(tmp_path: Path) -> None:
    process = several.start(2, several.command(tmp_path / "run", ("training.max_steps=5", "training.batch_size=1")))
    _, error = process.communicate(timeout=300)
    assert error.count("training.batch_size 1 is too small for 2 processes: each needs at least one slot.") == 1


@pytest.mark.slow
@pytest.mark.parametrize("model", list(several.MODELS))
def test_two_processes_are_one_that_computes_in_two_halves(tmp_path: Path, model: str) -> None:
    """To the last bit: what differs from one process that computes all at once is rounding, however it may grow."""
    data = [] if model == "relational" else [str(several.data_with_ids(tmp_path / "data"))]
    program = str(SUPPORT / "several_program.py")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    for words, name in (([], "one"), (launcher, "two")):
        weights = str(tmp_path / f"{name}.safetensors")
        subprocess.run(
            [sys.executable, *words, program, model, weights, *data], check=True, timeout=300, env=environment
        )
    one, two = (load_file(tmp_path / f"{name}.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["relational", "attention"])
def test_any_number_of_processes_trains_alike(tmp_path: Path, model: str) -> None:
    """With a smooth activation: ReLU, and the MLP over the cells, amplify a rounding now and then, in one process too."""
    settings = (*several.MODELS[model], "training.max_steps=50", "model.activation=swiglu")
    more = () if model == "relational" else ("--data", str(several.data_with_ids(tmp_path / "data")))
    one, two, three = (several.train(number, tmp_path / str(number), settings, *more) for number in (1, 2, 3))
    for other in (two, three):
        loss, weights = several.differences(one, other)
        assert loss < 1e-5
        assert weights < 1e-4
        assert several.scores(one) == several.scores(other)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(tmp_path: Path) -> None:
    whole = several.train(1, tmp_path / "whole", (*SHORT, "training.max_steps=24"))
    run = several.train(3, tmp_path / "run", (*SHORT, "training.max_steps=24", "training.keep_checkpoints=9"))
    _forget_after(run, 12)
    for number, until in ((2, 18), (1, 24)):
        process = several.start(number, ["train", "--resume", str(run)])
        assert process.wait(300) == 0
        _forget_after(run, until)
    loss, weights = several.differences(whole, run)
    assert loss < 1e-5
    assert weights < 1e-4


@pytest.mark.slow
def test_when_a_process_is_killed_the_others_end_and_name_it(tmp_path: Path) -> None:
    process = several.start(3, several.command(tmp_path / "run", LONG))
    ranks = _training(process, tmp_path / "run")
    killed = time.monotonic()
    os.kill(ranks[1], signal.SIGKILL)
    _, error = process.communicate(timeout=60)
    assert time.monotonic() - killed < 60
    assert process.returncode != 0
    assert error.count("Lost contact with rank 1 of 3: it was killed or does not respond.") == 1
    assert f"resume it with: trm train --resume {tmp_path / 'run'}" in error
    assert not any(_alive(pid) for pid in ranks.values())


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_restarted_processes_go_on_from_the_last_checkpoint(tmp_path: Path, victim: int) -> None:
    settings = (*LONG, "training.max_steps=150")
    whole = several.train(2, tmp_path / "whole", settings)
    process = several.start(2, several.command(tmp_path / "run", settings), "--max-restarts=1")
    os.kill(_training(process, tmp_path / "run")[victim], signal.SIGKILL)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert several.differences(whole, tmp_path / "run") == (0, 0)


@pytest.mark.slow
def test_a_process_that_hangs_is_named(tmp_path: Path) -> None:
    process = several.start(2, several.command(tmp_path / "run", LONG), TRM_STEP_TIMEOUT="5")
    ranks = _training(process, tmp_path / "run")
    os.kill(ranks[1], signal.SIGSTOP)
    _, error = process.communicate(timeout=120)
    assert "Lost contact with rank 1 of 2: it was killed or does not respond." in error
    assert not any(_alive(pid) for pid in ranks.values())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_torchrun_saves_the_run(tmp_path: Path, number: signal.Signals) -> None:
    run = tmp_path / "run"
    process = several.start(2, several.command(run, (*LONG, "training.save_interval=1000000")))
    _training(process, run, checkpoint=False)
    process.send_signal(number)
    _, error = process.communicate(timeout=120)
    assert error.count(f"Interrupted. Resume with: trm train --resume {run}") == 1
    assert (run / "latest").exists()


@pytest.mark.slow
def test_an_error_in_one_process_is_said_by_it_alone(tmp_path: Path) -> None:
    """Here the metric fails in the second process."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os\n"
        "from trm.cli.main import main\n"
        "from trm.evaluation.metrics import CellAccuracy\n"
        "if os.environ['RANK'] == '1':\n"
        "    CellAccuracy.count = lambda self, batch: 1 // 0\n"
        "main()\n"
    )
    words = several.command(tmp_path / "run", (*SHORT, "training.eval_interval=6"))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", str(program)]
    result = subprocess.run([*launcher, *words], capture_output=True, text=True, timeout=300)
    assert result.returncode != 0
    assert "Error on rank 1 of 2: Metric 'cell_accuracy' failed: ZeroDivisionError" in result.stderr
    assert "Error:" not in result.stderr.replace("ChildFailedError:", "").replace("ZeroDivisionError:", "")
    assert "Lost contact" not in result.stderr


def _training(process: subprocess.Popen[str], run: Path, checkpoint: bool = True) -> dict[int, int]:
    """Wait until a run has done some steps, and has a checkpoint; then the process ids by rank."""
    awaited = run / ("latest" if checkpoint else "metrics.jsonl")
    deadline = time.monotonic() + 300
    while not awaited.exists() or len((run / "metrics.jsonl").read_text().splitlines()) < 8:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
    return {_rank(int(pid)): int(pid) for pid in children.split()}


def _rank(pid: int) -> int:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next(int(entry[5:]) for entry in environment if entry.startswith(b"RANK="))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _forget_after(run: Path, step: int) -> None:
    """Put a run back to a checkpoint, as if it had been killed then."""
    (run / "latest").write_text(f"checkpoints/step_{step}\n")
