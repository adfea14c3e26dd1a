"""The test puzzles that the plugin ships are those that it generates; an interrupted generation continues."""

import ast
import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from trm_tasks_sudoku.generated import build_generated

from trm.experiment.experiment import Experiment
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, in which every part is kept."""
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    monkeypatch.setattr("trm.data.unfinished.KEEP_SECONDS", 0.0)
    return tmp_path


def test_the_named_sources_are_all_modules_that_the_generator_imports():
    """The settings are compared by their values, so that their module does not count."""
    found, waiting = set(), ["trm_tasks_sudoku.generated"]
    while waiting:
        module = waiting.pop()
        if module in found or module == "trm_tasks_sudoku.config":
            continue
        found.add(module)
        tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        waiting += [name for name in names if name.startswith("trm_tasks_sudoku.")]
    assert set(get_registry().part(DatasetSpec, "sudoku", "generated").sources) == found


def same(one, other):
    columns = [(one.extras[name], other.extras[name]) for name in other.extras]
    return all(np.array_equal(*pair) for pair in [(one.inputs, other.inputs), (one.labels, other.labels), *columns])


def test_limits_and_parts_give_the_puzzles_of_an_uninterrupted_generation(cache):
    experiment = Experiment.from_preset("sudoku", "mini", ["task.test_puzzles=300"])
    whole = build_generated(experiment.config, "test", 0)
    assert same(experiment.puzzles("test", limit=20), whole.head(20))
    assert list(cache.rglob("*.part"))
    assert same(experiment.puzzles("test"), whole)
    assert not list(cache.rglob("*.part"))


@pytest.mark.slow
def test_a_killed_generation_of_hard_puzzles_continues(cache):
    settings = ["task.train_puzzles=200"]
    code = f"from trm.experiment.experiment import Experiment as E; E.from_preset('sudoku', 'hard', {settings}).puzzles('train')"
    process = subprocess.Popen([sys.executable, "-c", code])
    while not list(cache.rglob("*.part")) and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = list(cache.rglob("*.part"))
    assert kept
    experiment = Experiment.from_preset("sudoku", "hard", settings)
    assert same(experiment.puzzles("train"), build_generated(experiment.config, "train", 0))
    assert not list(cache.rglob("*.part"))
