"""Tasks from plain Python files: what is loaded, what is not, and what is said about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trm as toolkit
from tests.support.command import trm
from trm.cli.include import OPTION, in_front
from trm.data.source_code import source_digest
from trm.errors import PluginError, UsageError
from trm.plugins.code import load
from trm.plugins.included import VARIABLE
from trm.plugins.registry import get_registry

CODE = """
import numpy as np
from pydantic import BaseModel

from trm.data import Description, PuzzleSet


class Config(BaseModel):
    count: int = 12


def describe(config):
    return Description(vocab_size=4, seq_len=6)


def build(config, split, seed):
    assert isinstance(config, Config)
    rng = np.random.default_rng([seed, split == "test"])
    tokens = rng.integers(1, 4, (config.count, 6))
    return PuzzleSet(tokens, tokens, describe(config))
"""
TASK = """
from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, TaskSpec
{imports}

@hookimpl
def trm_register_tasks():
    dataset = DatasetSpec(name="copies", summary="copies", build={build})
    return [TaskSpec(name="{name}", summary="{summary}", config={config}, describe={describe}, dataset=dataset)]
"""
DIRECT = {"build": "build", "config": "Config", "describe": "describe"}
TINY = "--set training.max_steps=2 --set training.batch_size=4 --set model.hidden_dim=16 --device cpu --quiet"


def task(module: str = "", imports: str = "", name: str = "copy", summary: str = "copy six tokens") -> str:
    """The code of a task whose specs hold the functions themselves, or name them in a module."""
    parts = {key: f'"{module}:{value}"' for key, value in DIRECT.items()} if module else DIRECT
    return TASK.format(imports=imports, name=name, summary=summary, **parts)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test includes is forgotten after it."""
    monkeypatch.setenv(VARIABLE, "")
    yield
    monkeypatch.undo()
    get_registry.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a folder `tasks` that has one task."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "copying.py").write_text(CODE + task())
    return tmp_path


def tasks(line: str) -> dict[str, dict[str, str]]:
    done = trm(f"{line} --json")
    assert done.code == 0, done.err
    return {row["task"]: row for row in json.loads(done.out)}


@pytest.mark.parametrize(
    "line",
    [
        "--include-path tasks list-tasks",
        "list-tasks --include-path tasks",
        "list-tasks --include-path=tasks",
        "--include-path tasks/copying.py list-tasks",
        "--include-path other --include-path tasks list-tasks",
    ],
)
def test_the_option_is_taken_anywhere_and_only_for_its_command(folder: Path, line: str) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "more.py").write_text(CODE + task(name="more"))
    found = tasks(line)
    assert found["copy"]["summary"] == "copy six tokens"
    assert found["copy"]["distribution"] == str(folder / "tasks" / "copying.py")
    assert found["copy"]["version"].startswith("sha256:")
    assert ("more" in found) == ("other" in line)
    assert "copy" not in tasks("list-tasks")
    assert not os.environ[VARIABLE]


def test_the_variable_does_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, os.pathsep.join(["", str(folder / "tasks"), str(folder / "gone")]))
    get_registry.cache_clear()
    done = trm("list-tasks")
    assert "copy six tokens" in done.out
    assert "gone was not loaded: the include path names it, but there is no such folder or file." in done.err


@pytest.mark.parametrize("module", ["helper", "random", "copying2"])
@pytest.mark.parametrize(
    "imports", ["from helper import Config", "from .helper import Config", "import random, helper"]
)
def test_references_and_imports_of_files_in_the_folder_work_and_shadow_nothing(
    folder: Path, module: str, imports: str
) -> None:
    shuffle = "import random\nassert random.shuffle\n"
    (folder / "tasks" / "helper.py").write_text(shuffle + CODE)
    code = task(module, imports) if module != "helper" else task("helper", imports)
    (folder / "tasks" / f"{'copying' if module == 'helper' else module}.py").write_text(
        "from .helper import *\n" * (module != "helper") + code
    )
    if module != "helper":
        (folder / "tasks" / "copying.py").unlink()
    done = trm("--include-path tasks data info copy")
    assert done.code == 0, done.err
    assert "positions: 6" in done.out
    import random

    assert "tasks" not in str(random.__file__)
    assert "helper" not in sys.modules or "trm_included" in sys.modules["helper"].__name__


def test_what_cannot_be_loaded_is_named_in_a_line_and_stops_nothing_else(folder: Path) -> None:
    for name, code in {
        "script": "raise SystemExit('this script must not run')",
        "unparsable": "def f(:",
        "broken": "def trm_register_tasks(:",
        "needs": f"import nothing_of_that_name\n{task()}",
        "unmarked": "def trm_register_tasks():\n    return []",
        "exits": "import sys\ndef trm_register_tasks(): ...\nsys.exit(3)",
        "no-name": CODE + task(name="no-name"),
    }.items():
        (folder / "tasks" / f"{name}.py").write_text(code)
    done = trm("--include-path tasks list-tasks")
    assert done.code == 0
    assert "copy six tokens" in done.out
    lines = [line for line in done.err.splitlines() if line.startswith("Warning: Plugin")]
    expected = {
        "broken": "SyntaxError: ",
        "exits": "SystemExit: 3",
        "needs": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
        "no-name": "no-name.py is not a valid module name",
        "unmarked": "none of its functions is marked with @hookimpl",
    }
    assert len(lines) == len(expected), done.err
    for line, (name, reason) in zip(lines, expected.items(), strict=True):
        assert f"Plugin '{name}' in {folder / 'tasks' / name}.py was not loaded: " in line
        assert reason in line
    assert "SyntaxError" in trm("--include-path tasks data info broken").err


def test_two_tasks_of_one_name_name_both_places(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "copying.py").write_text(CODE + task())
    done = trm("--include-path tasks --include-path more data info copy")
    assert done.code == 1
    for name in ("tasks", "more"):
        assert f"'copying' in {folder / name / 'copying.py'}" in done.err
    assert "Rename one of them, or include only the other." in done.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--include-path nowhere list-tasks", "There is no folder or file nowhere to include."),
        ("--include-path tasks/notes.txt list-tasks", "notes.txt is not a Python file. Include a .py file"),
        ("list-tasks --include-path", "Option '--include-path' requires an argument"),
    ],
)
def test_what_cannot_be_included_is_refused(folder: Path, line: str, message: str) -> None:
    (folder / "tasks" / "notes.txt").write_text("")
    done = trm(line)
    assert done.code == 2
    assert message in done.err


def test_a_run_says_what_to_include(folder: Path) -> None:
    trained = trm(f"train copy {TINY} -o run --include-path tasks")
    assert trained.code == 0, trained.err
    assert "score it again with: trm --include-path tasks evaluate run\n" in trained.out
    config = json.loads(Path("run/config.json").read_text())
    assert config["include_path"] == str(folder / "tasks")
    assert config["versions"][str(folder / "tasks" / "copying.py")].startswith("sha256:")
    missing = f"The task 'copy' of this run is defined by a file in {folder / 'tasks'}. Add --include-path {folder / 'tasks'},"
    for line in ("evaluate run --device cpu", "train --resume run --set training.max_steps=3", "solve run x"):
        done = trm(line)
        assert done.code == 2
        assert missing in done.err
    done = trm("evaluate run --device cpu --json --include-path tasks")
    assert done.code == 0, done.err
    assert json.loads(done.out)["task"] == "copy"
    assert trm("--include-path tasks train --resume run --set training.max_steps=3 --device cpu").code == 0


def test_completion_knows_the_included_tasks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trm.cli.main import main

    for line in ("trm --include-path tasks train cop", "trm --include-path gone train cop"):
        for name, value in {"COMP_WORDS": line, "COMP_LINE": line, "COMP_CWORD": "0", "COMP_WORDBREAKS": " =:"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("_TRM_COMPLETE", "bash_complete")
        with pytest.raises(SystemExit):
            main([])
        assert ("plain,copy" in capsys.readouterr().out) == ("tasks" in line)


def test_python_includes_replaces_and_passes_on(folder: Path) -> None:
    toolkit.include("tasks")
    assert get_registry().task("copy").summary == "copy six tokens"
    (folder / "tasks" / "copying.py").write_text(CODE + task(summary="copy again"))
    toolkit.include(folder / "tasks")
    assert get_registry().task("copy").summary == "copy again"
    child = subprocess.run([sys.executable, "-m", "trm", "list-tasks"], capture_output=True, text=True, timeout=60)
    assert "copy again" in child.stdout
    with pytest.raises(UsageError, match="There is no folder or file nowhere"):
        toolkit.include("nowhere")
    (folder / "tasks" / "copying.py").write_text("def trm_register_tasks(:")
    with pytest.raises(PluginError, match=r"'copying' in .* was not loaded: SyntaxError"):
        toolkit.include("tasks")


def test_an_edit_anywhere_in_the_folder_makes_cached_puzzles_stale_but_not_one_in_an_environment(folder: Path) -> None:
    toolkit.include("tasks")
    build = load(get_registry().entries[-1].spec.build)  # type: ignore[union-attr]
    before = source_digest([build])
    (folder / "tasks" / ".venv").mkdir()
    (folder / "tasks" / ".venv" / "a.py").write_text("")
    assert source_digest([build]) == before
    (folder / "tasks" / "helper.py").write_text("x = 1")
    assert source_digest([build]) != before


@given(
    st.lists(st.sampled_from(["train", "copy", "--set", "a=b", "--", "--include-path=x", "--debug"])), st.integers(0, 7)
)
def test_moving_the_option_to_the_front_loses_nothing(words: list[str], place: int) -> None:
    given_words = [*words[:place], OPTION, "folder", *words[place:]]
    moved = in_front(given_words)
    assert sorted(moved) == sorted(given_words)
    end = given_words.index("--") if "--" in given_words else len(given_words)
    if place < end:
        assert OPTION in moved[: 2 + 2 * len(words)]
        assert moved[moved.index(OPTION) + 1] == "folder"
    others = [word for word in moved if not word.startswith(OPTION) and word != "folder"]
    assert others == [word for word in words if not word.startswith(OPTION)]
