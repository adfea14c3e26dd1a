"""The test mazes that the plugin ships are those that it generates."""

import numpy as np
import pytest
from trm_tasks_maze.generated import build_generated

from trm.experiment.experiment import Experiment
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))


def refuse(*arguments):
    raise AssertionError("mazes are generated")


def test_the_test_mazes_of_hard_are_shipped(monkeypatch):
    """If this fails because the generator was edited, ship them again.

    trm data pack maze --preset hard --output trm_tasks_maze/src/trm_tasks_maze/test_sets/hard.npz.xz
    """
    monkeypatch.setattr("trm_tasks_maze.generated.build_generated", refuse)
    assert len(Experiment.from_preset("maze", "hard").puzzles("test")) == 1000


@pytest.mark.parametrize("change", ["task.min_path=110", "task.max_walls=0.42"])
def test_other_settings_are_generated(change, monkeypatch):
    monkeypatch.setattr("trm_tasks_maze.generated.build_generated", refuse)
    with pytest.raises(AssertionError, match="mazes are generated"):
        Experiment.from_preset("maze", "hard", [change]).puzzles("test", limit=4)


def test_the_first_shipped_mazes_are_those_that_the_generator_makes():
    experiment = Experiment.from_preset("maze", "hard")
    made = build_generated(experiment.config.model_copy(update={"test_puzzles": 4}), "test", 0)
    shipped = experiment.puzzles("test", limit=4)
    for name in ("inputs", "labels"):
        assert getattr(shipped, name).dtype == getattr(made, name).dtype
        assert np.array_equal(getattr(shipped, name), getattr(made, name))
    assert all(np.array_equal(shipped.extras[name], column) for name, column in made.extras.items())


def test_the_named_sources_are_all_modules_that_the_generator_imports():
    spec = get_registry().part(DatasetSpec, "maze", "generated")
    assert set(spec.sources) == own_imports("trm_tasks_maze.generated") - {"trm_tasks_maze.config"}


def own_imports(name):
    """A module and the modules of its package that it imports, directly or not."""
    import ast
    import importlib.util
    from pathlib import Path

    found, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        if module in found or module.endswith(".config"):  # the settings are compared by their values
            continue
        found.add(module)
        tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        waiting += [other for other in names if other.startswith(f"{name.partition('.')[0]}.")]
    return found
