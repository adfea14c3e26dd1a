"""Commands work beside a broken plugin and import nothing heavy. Needs no torch."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.distributions import install


def trm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trm", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


def with_path(folder: Path) -> str:
    """A value of PYTHONPATH with a folder in front."""
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


HEAD = "from trm.hookspecs import hookimpl\nfrom trm.specs import TaskSpec\n@hookimpl\ndef trm_register_tasks():\n    return "
TASK = "[TaskSpec(name={name!r}, summary='', config='x:X', describe='x:d', dataset='d', api={api})]\n"
BROKEN = {
    "raises": ("raise RuntimeError('out of order')\n", "RuntimeError: out of order"),
    "exits": ("import sys; sys.exit(3)\n", "SystemExit: 3"),
    "wrongtype": (HEAD + "42\n", "returned int; expected a list of TaskSpec"),
    "duplicate": (HEAD + TASK.format(name="sudoku", api=1), "the task 'sudoku' is also registered by"),
    "newer": (HEAD + TASK.format(name="later", api=99), "needs plugin contract 99"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_plugin_is_named_in_one_line_and_stops_nothing(tmp_path: Path, kind: str) -> None:
    code, reason = BROKEN[kind]
    install(tmp_path, kind, code)
    listed = trm("list-tasks", PYTHONPATH=with_path(tmp_path))
    assert listed.returncode == 0
    lines = listed.stderr.strip().splitlines()
    assert len(lines) == 1
    assert f"{kind} 9.9" in lines[0]
    strict = trm("list-tasks", PYTHONPATH=with_path(tmp_path), TRM_STRICT_PLUGINS="1")
    assert strict.returncode == 1
    assert reason in strict.stderr
    if importlib.util.find_spec("torch"):
        doctor = trm("doctor", PYTHONPATH=with_path(tmp_path))
        assert doctor.returncode == 0
        assert reason in doctor.stdout


def test_list_tasks_and_help_import_nothing_heavy() -> None:
    for arguments in (["list-tasks"], ["--help"]):
        code = (
            "import sys\nfrom trm.cli.main import main\ntry:\n    main("
            + repr(arguments)
            + ")\nexcept SystemExit:\n    pass\n"
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


def test_plugins_can_be_chosen() -> None:
    assert "sudoku" in trm("list-tasks", TRM_PLUGINS="sudoku").stdout
    nothing = trm("list-tasks", TRM_PLUGINS="")
    assert nothing.returncode == 0
    assert "sudoku" not in nothing.stdout
    absent = trm("list-tasks", TRM_PLUGINS="sudoku,chess")
    assert "TRM_PLUGINS lists it, but no installed package has a plugin of that name" in absent.stderr


def test_unknown_hooks_are_reported(tmp_path: Path) -> None:
    install(
        tmp_path, "future", "from trm.hookspecs import hookimpl\n@hookimpl\ndef trm_register_games():\n    return []\n"
    )
    listed = trm("list-tasks", PYTHONPATH=with_path(tmp_path))
    assert listed.returncode == 0
    assert "it uses hooks that trm" in listed.stderr
    assert "trm_register_games" in listed.stderr
