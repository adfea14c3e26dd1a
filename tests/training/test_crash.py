"""SIGKILL at any moment: a whole checkpoint is left, and the resumed run ends with the weights of one never killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.support.paths import ROOT, SUPPORT
from tests.support.small_run import same_bits
from trm.runs.checkpoint_folder import newest_good

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are of POSIX systems")


@pytest.mark.parametrize("every", [50, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_a_file_operation(tmp_path: Path, every: int) -> None:
    """At every N-th of all operations on files of the run folder; see `crash_points.py`."""
    done = subprocess.run(
        [sys.executable, SUPPORT / "crash_points.py", tmp_path, str(every)],
        capture_output=True,
        text=True,
        env=environment(tmp_path) | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["operations"] > 150
    assert report["problems"] == {}, done.stderr


@pytest.mark.parametrize(("kills", "steps"), [(2, 60), pytest.param(20, 1500, marks=pytest.mark.slow)])
def test_command_killed_at_random_moments(tmp_path: Path, kills: int, steps: int) -> None:
    """The command itself, killed again and again, every other time while it writes a checkpoint."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train = [sys.executable, "-m", "trm", "train", "--quiet", "--threads", "1", "--device", "cpu"]
    new = [*train, "arithmetic", *settings(steps), "--output"]
    subprocess.run([*new, whole], check=True, stdout=subprocess.DEVNULL, env=environment(tmp_path))
    rng = random.Random(20)
    while_writing = 0
    for number in range(kills):
        command = [*train, "--resume", killed] if number else [*new, killed]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(tmp_path)
        )
        wait_for_progress(process, killed)
        if number % 2:
            time.sleep(rng.uniform(0, 0.3))
        else:
            while process.poll() is None and not writing(killed):
                pass
        process.kill()
        while_writing += bool(writing(killed))
        assert process.wait() == -signal.SIGKILL
        newest_good(killed)
    print(f"{kills} kills, {while_writing} of them while a checkpoint was written")
    assert while_writing >= kills // 4
    subprocess.run([*train, "--resume", killed], check=True, stdout=subprocess.DEVNULL, env=environment(tmp_path))
    assert newest_good(killed)[0].name == newest_good(whole)[0].name == f"step_{steps}"
    for name in ("model", "ema", "optimizer", "slots", "generators"):
        one, other = (load_file(newest_good(run)[0] / f"{name}.safetensors") for run in (whole, killed))
        assert same_bits(one, other), name
    assert metrics(whole) == metrics(killed)
    assert not writing(killed)


def settings(steps: int) -> list[str]:
    values = {
        "training.max_steps": steps,
        "training.batch_size": 8,
        "training.save_interval": 5,
        "training.log_interval": 7,
        "training.eval_interval": 20,
        "training.eval_examples": 8,
        "model.hidden_dim": 8,
        "model.mlp_multiple_of": 8,
    }
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def wait_for_progress(process: subprocess.Popen[bytes], run: Path) -> None:
    """Until this process has saved something."""
    latest = run / "latest"
    before = latest.read_text() if latest.exists() else None
    while not latest.exists() or latest.read_text() == before:
        assert process.poll() is None, "training ended before it was killed"
        time.sleep(0.002)


def writing(run: Path) -> list[Path]:
    return list((run / "checkpoints").glob(".*.tmp"))


def metrics(run: Path) -> list[dict[str, object]]:
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in record.items() if key not in ("seconds", "examples_per_second")}
        for record in records
    ]


def environment(folder: Path) -> dict[str, str]:
    return dict(os.environ) | {"TRM_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
