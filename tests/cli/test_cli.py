"""The commands, each run in its own process."""

import functools
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import command


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
    result = command.trm(shlex.join(arguments))
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_train_evaluate_solve(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    run = str(tmp_path / "run")
    small = ["--set", "training.max_steps=60", "--set", "task.train_puzzles=500", "--set", "task.test_puzzles=100"]
    trained = trm("train", "sudoku", "--preset", "mini", *small, "--output", run, TRM_CACHE=cache)
    assert trained.returncode == 0, trained.stderr
    assert "On 100 test puzzles" in trained.stdout
    scored = trm("evaluate", run, TRM_CACHE=cache)
    assert scored.returncode == 0, scored.stderr
    assert "exact_accuracy" in scored.stdout
    again = trm("train", "sudoku", "--output", run, TRM_CACHE=cache)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    short = trm("solve", "sudoku", "12.4", "--checkpoint", run)
    assert short.returncode == 2
    model = tmp_path / "run" / "checkpoints" / "step_60" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-100])
    damaged = trm("evaluate", run, TRM_CACHE=cache)
    assert damaged.returncode == 2
    assert "is damaged" in damaged.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_training_says_how_to_resume(tmp_path: Path, number: signal.Signals, code: int) -> None:
    sets = ["training.max_steps=1000000", "training.log_interval=1", "task.train_puzzles=50", "task.test_puzzles=8"]
    command = ["train", "sudoku", "--preset", "mini", *(word for item in sets for word in ("--set", item))]
    # If the tests run in the background of a shell, they ignore SIGINT, and a child process would inherit that.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "trm", *command, "--output", str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed,
        env=os.environ | {"TRM_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("step"):
        assert process.poll() is None
    process.send_signal(number)
    _, error = process.communicate(timeout=120)
    assert process.returncode == code
    assert f"Interrupted. Resume with: trm train --resume {tmp_path / 'run'}" in error
    assert any((tmp_path / "run" / "checkpoints").iterdir())


def test_a_folder_with_a_tasks_name_hides_no_shipped_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arithmetic").mkdir()
    monkeypatch.chdir(tmp_path)
    solved = trm("solve", "arithmetic", "123+456")
    assert solved.returncode == 0, solved.stderr
    assert "123 + 456 = 579" in solved.stdout
    exported = trm("export", "arithmetic", "--format", "official", "--output", "x")
    assert (
        "no mixing 'relational'" in exported.stderr
    )  # the weights were found, but that format has no relational mixer


def test_puzzles_that_the_default_weights_fail_on_go_to_the_tasks_other_weights() -> None:
    """The second puzzle has 17 clues (from Gordon Royle's list), half as many as those in the default weights' training.

    With more than 10 steps, it depends on the precision of the processor whether the default weights solve it.
    """
    easy = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
    hard = ".......1.4.........2...........5.4.7..8...3....1.9....3..4..2...5.1........8.6..."
    solved = trm("solve", "sudoku", easy, hard, "--steps", "10", "--json", OMP_NUM_THREADS="1")
    assert solved.returncode == 0, solved.stderr
    assert [answer.get("weights") for answer in json.loads(solved.stdout)] == [None, "sudoku:hard"]
    alone = trm("solve", "sudoku", hard, "--steps", "10", "--checkpoint", "sudoku:quick", OMP_NUM_THREADS="1")
    assert alone.returncode == 3
    assert alone.stderr == "More test-time compute may help: --steps 64 --restarts 16\n"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (["trm", "train", "sud"], "sudoku"),
        (["trm", "train", "sudoku", "--preset", "mi"], "mini"),
        (["trm", "train", "sudoku", "--device", "c"], "cuda"),
        (["trm", "train", "sudoku", "--set", "model.hidden"], "model.hidden_dim="),
        (["trm", "train", "sudoku", "--set", "model.mixing=r"], "model.mixing=relational"),
        (["trm", "train", "sudoku", "--set", "training.use_ema=t"], "training.use_ema=true"),
    ],
)
def test_shell_completion(line: list[str], offered: str) -> None:
    completed = trm(_TRM_COMPLETE="bash_complete", COMP_WORDS=" ".join(line), COMP_CWORD=str(len(line) - 1))
    assert f"plain,{offered}" in completed.stdout.splitlines(), completed.stderr
