"""A sweep that is killed continues: with the same command it ends where one that was never killed ends, bit by bit."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import Tensor

from tests.support.command import trm
from tests.support.small_run import same_bits
from tests.support.sweeps import kill, results, start, wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and ps are of POSIX systems")

MINI = (
    "sudoku --preset mini --set training.max_steps=24 --set task.train_puzzles=200 --set task.test_puzzles=40 "
    "--set training.save_interval=3 --set model.hidden_dim=16,32 --set training.learning_rate=2e-3,8e-3 --seeds 0-1"
)
TINY = (
    "arithmetic --set task.train_examples=60 --set task.test_examples=20 --set training.max_steps=40 "
    "--set training.save_interval=1 --set training.batch_size=4,10000000000 --set model.hidden_dim=16 "
    "--set model.num_heads=2 --jobs 1 -o killed"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weights(run: Path) -> dict[str, Tensor]:
    """The weights of a run's last step, and their average."""
    (last,) = run.glob("checkpoints/step_24")
    return {
        **load_file(last / "model.safetensors"),
        **{f"average of {k}": v for k, v in load_file(last / "ema.safetensors").items()},
    }


@pytest.mark.slow
def test_two_kills_change_nothing(folder: Path) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    rng = random.Random(0)
    for workers_too in (True, False):
        process = start([*MINI.split(), "--jobs", "2", "-o", "killed"], folder)
        begun = len(list(folder.glob("killed/trial-*/seed_*/config.json")))
        more, lines = begun + rng.randint(1, 2), rng.randint(3, 9)
        wait_until(lambda wanted=more: len(list(folder.glob("killed/trial-*/seed_*/config.json"))) >= wanted, process)
        newest = max(folder.glob("killed/trial-*/seed_*/config.json"), key=lambda path: path.stat().st_mtime).parent
        wait_until(lambda run=newest, step=lines: any(run.glob(f"checkpoints/step_{step // 3 * 3}")), process)
        kill(process, workers_too)
    done = trm(f"sweep {MINI} --jobs 2 -o killed --json")
    assert done.code == 0, done.err
    whole = trm(f"sweep {MINI} --jobs 1 -o whole --json")
    assert whole.code == 0, whole.err
    assert results(json.loads(done.out)) == results(json.loads(whole.out))
    runs = sorted(path.parent.relative_to("killed") for path in Path("killed").glob("trial-*/seed_*/summary.json"))
    assert len(runs) == 8
    for run in runs:
        assert same_bits(weights("killed" / run), weights("whole" / run)), run
    table, other = (trm(f"sweep --show {name} --csv").out for name in ("killed", "whole"))
    assert [line.rsplit(",", 2)[0] for line in table.splitlines()] == [
        line.rsplit(",", 2)[0] for line in other.splitlines()
    ]


def test_a_killed_sweep_resumes_and_a_failed_run_does_not_stop_the_others(folder: Path) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    process = start(TINY.split(), folder)
    wait_until(lambda: any(folder.glob("killed/trial-0/seed_0/checkpoints/step_*")), process)
    kill(process)
    done = trm(f"sweep {TINY} --json")
    assert done.code == 1
    found = json.loads(done.out)
    good, bad = (trial["runs"][0] for trial in found["trials"])
    assert (good["state"], bad["state"], found["best"]) == ("complete", "failed", "trial-0")
    assert "Lower training.batch_size" in bad["error"] or "memory" in bad["error"]
    assert "1 of 2" in done.err
    assert "from step" in Path(good["log"]).read_text()  # it was resumed, not trained again
    shown = trm("sweep --show killed")
    assert shown.code == 0
    assert f"Failed: trial-1 (training.batch_size=10000000000, seed=0): {bad['error'][:20]}" in " ".join(
        shown.out.split()
    )
    assert trm("runs killed").code == trm("compare killed").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_every_run(folder: Path, number: signal.Signals, code: int) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    long = TINY.replace("max_steps=40", "max_steps=4000").replace("10000000000", "8").replace("--jobs 1", "--jobs 2")
    process = start(long.split(), folder)
    wait_until(lambda: len(list(folder.glob("killed/*/seed_0/checkpoints/step_2*"))) >= 2, process)
    process.send_signal(number)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == code, said
    assert "Interrupted. Continue with: trm sweep --resume killed" in said
    shown = json.loads(trm("sweep --show killed --json").out)
    assert [trial["state"] for trial in shown["trials"]] == ["interrupted", "interrupted"]
