"""The real commands, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def trm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trm", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "suduko"], "There is no task 'suduko'. Did you mean 'sudoku'?"),
        (["train", "sudoku", "--preset", "quik"], "has no preset 'quik'. Did you mean 'quick'"),
        (["train", "sudoku", "--device", "gpu9"], "There is no device 'gpu9'."),
        (["train", "sudoku", "--set", "model.hiden_dim=3"], "no setting 'model.hiden_dim'. Did you mean 'hidden_dim'"),
        (["train", "sudoku", "--set", "training.learning_rate=-1"], "training.learning_rate = -1 is not possible"),
        (["train", "sudoku", "--set", "model.hidden_dim"], "expected section.field=value"),
        (["solve", "sudoku", "123", "--checkpoint", "nowhere"], "There is no checkpoint nowhere."),
    ],
)
def test_wrong_requests_get_a_sentence(arguments: list[str], message: str) -> None:
    result = trm(*arguments)
    assert result.returncode in (1, 2)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_train_evaluate_solve(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    run = str(tmp_path / "run")
    small = ["--set", "training.max_steps=60", "--set", "task.train_puzzles=500", "--set", "task.test_puzzles=100"]
    trained = trm("train", "sudoku", "--preset", "mini", *small, "--output", run, TRM_CACHE=cache)
    assert trained.returncode == 0, trained.stderr
    assert "On 100 unseen puzzles" in trained.stdout
    scored = trm("evaluate", run, TRM_CACHE=cache)
    assert scored.returncode == 0, scored.stderr
    assert "exact_accuracy" in scored.stdout
    again = trm("train", "sudoku", "--output", run, TRM_CACHE=cache)
    assert again.returncode == 2
    assert "exists and isn't empty" in again.stderr
    short = trm("solve", "sudoku", "12.4", "--checkpoint", run)
    assert short.returncode == 2
    model = tmp_path / "run" / "checkpoints" / "step_60" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-100])
    damaged = trm("evaluate", run, TRM_CACHE=cache)
    assert damaged.returncode == 1
    assert "is damaged" in damaged.stderr
