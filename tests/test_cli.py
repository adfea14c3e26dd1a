"""The real commands, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def trm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trm", *arguments], capture_output=True, text=True, timeout=300,
        env=os.environ | environment, stdin=subprocess.DEVNULL,
    )


def install(folder: Path, name: str, code: str) -> None:
    """A distribution as pip would leave it: a module and its metadata."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
    (info / "entry_points.txt").write_text(f"[trm]\n{name} = {name}\n")


HEAD = "from trm.hookspecs import hookimpl\nfrom trm.specs import TaskSpec\n@hookimpl\ndef trm_register_tasks():\n    return "
TASK = "[TaskSpec(name={name!r}, summary='', config='x:X', describe='x:d', dataset='d', api={api})]\n"
BROKEN = {
    "raises": ("raise RuntimeError('out of order')\n", "RuntimeError: out of order"),
    "exits": ("import sys; sys.exit(3)\n", "SystemExit: 3"),
    "wrongtype": (HEAD + "42\n", "returned int, not a list of TaskSpec"),
    "duplicate": (HEAD + TASK.format(name="sudoku", api=1), "the task 'sudoku' is also registered by"),
    "newer": (HEAD + TASK.format(name="later", api=99), "needs plugin contract 99"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_plugin_is_named_in_one_line_and_stops_nothing(tmp_path: Path, kind: str) -> None:
    code, reason = BROKEN[kind]
    install(tmp_path, kind, code)
    listed = trm("list-tasks", PYTHONPATH=str(tmp_path))
    assert listed.returncode == 0
    lines = listed.stderr.strip().splitlines()
    assert len(lines) == 1
    assert f"{kind} 9.9" in lines[0]
    doctor = trm("doctor", PYTHONPATH=str(tmp_path))
    assert doctor.returncode == 0
    assert reason in doctor.stdout


def test_list_tasks_and_help_import_nothing_heavy() -> None:
    for arguments in (["list-tasks"], ["--help"]):
        code = (
            "import sys\nfrom trm.cli.main import main\ntry:\n    main(" + repr(arguments) + ")\nexcept SystemExit:\n    pass\n"
            "print('HEAVY', sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert result.stdout.strip().endswith("HEAVY []"), result.stdout + result.stderr


def test_list_tasks_names_plugin_and_version() -> None:
    result = trm("list-tasks")
    assert result.returncode == 0
    assert "sudoku" in result.stdout
    assert "trm-tasks-sudoku" in result.stdout
    assert "0.1.0" in result.stdout


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
