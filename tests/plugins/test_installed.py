"""Packages of other people: installed from a wheel, used, and gone after they are uninstalled."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.2.3"

[project.entry-points.trm]
{name} = "{name}"

[tool.hatch.build.targets.wheel]
packages = ["{name}"]
"""

AUTOMATON = {
    "__init__.py": """
from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, PresetSpec, TaskSpec

MODEL = {"mixing": "relational", "hidden_dim": 32, "mlp_multiple_of": 32, "n_supervision": 1, "n_recursions": 1}
QUICK = PresetSpec(name="quick", summary="a second", model=MODEL, training={"max_steps": 3, "batch_size": 8})


@hookimpl
def trm_register_tasks():
    rows = DatasetSpec(name="rows", summary="random rows", build="automaton.puzzle:build")
    config, describe = "automaton.puzzle:Config", "automaton.puzzle:describe"
    return [
        TaskSpec(name="automaton", summary="one step", config=config, describe=describe, dataset=rows, presets=(QUICK,))
    ]
""",
    "puzzle.py": """
import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from trm import Structure
from trm.data import Description, PuzzleSet


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    width: int = Field(8, description="cells in a row", ge=3)


def describe(config):
    structure = Structure(grid=(1, config.width), neighbours=[(0, -1), (0, 0), (0, 1)])
    return Description(vocab_size=2, seq_len=config.width, structure=structure)


def build(config, split, seed):
    rows = np.random.default_rng([seed, split == "test"]).integers(2, size=(200, config.width))
    rows = rows[(rows.sum(axis=1) % 4 == 0) == (split == "test")]
    return PuzzleSet(rows, rows ^ np.roll(rows, 1, axis=1), describe(config))
""",
}
METRIC = {
    "__init__.py": """
from trm.hookspecs import hookimpl
from trm.specs import MetricSpec


@hookimpl
def trm_register_metrics():
    return [MetricSpec(name="ones", task="sudoku", summary="answers that are 1", factory="sudoku_ones.metric:Ones")]
""",
    "metric.py": """
from trm.evaluation import Share


class Ones(Share):
    def count(self, batch):
        return (batch["predictions"] == 2).sum(), batch["predictions"].size
""",
}
BACKEND = {
    "__init__.py": """
from trm.hookspecs import hookimpl
from trm.specs import BackendSpec


@hookimpl
def trm_register_backends():
    return [BackendSpec(name="fake", summary="a CPU by another name", factory="fake_device.backend:FakeBackend")]
""",
    "backend.py": """
import torch
from trm import Backend


class FakeBackend(Backend):
    name = "fake"

    def unavailable(self):
        return None

    @property
    def device(self):
        return torch.device("cpu")

    def describe(self):
        return "not really there"
""",
}
Trm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def trm(tmp_path: Path) -> Trm:
    """Runs a command in a process whose import path includes `tmp_path / "site"`."""
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "TRM_CACHE": str(tmp_path / "cache")}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "trm", *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
        )

    return run


def install(folder: Path, name: str, files: Mapping[str, str]) -> None:
    """Build a wheel of a package and install it with pip into `folder / "site"`."""
    project = folder / f"{name}-project"
    (project / name).mkdir(parents=True)
    (project / "pyproject.toml").write_text(PROJECT.format(name=name))
    for file, source in files.items():
        (project / name / file).write_text(source)
    (wheel,) = WheelBuilder(str(project)).build(directory=str(folder / "wheels"), versions=["standard"])
    command = ["install", "--quiet", "--no-index", "--no-deps", "--target", str(folder / "site"), wheel]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, timeout=120)


def uninstall(folder: Path, name: str) -> None:
    """Remove the files of a package; pip itself cannot uninstall from a `--target`."""
    for path in (folder / "site").glob(f"{name}*"):
        shutil.rmtree(path)


def test_a_task_with_one_hook(tmp_path: Path, trm: Trm) -> None:
    install(tmp_path, "automaton", AUTOMATON)
    listed = trm("list-tasks")
    assert listed.stderr == ""
    assert "1.2.3" in next(line for line in listed.stdout.splitlines() if line.startswith("automaton"))
    trained = trm("train", "automaton", "--output", str(tmp_path / "run"), "--device", "cpu")
    assert trained.returncode == 0, trained.stderr
    evaluated = trm("evaluate", str(tmp_path / "run"), "--json", "--device", "cpu")
    assert "exact_accuracy" in evaluated.stdout, evaluated.stderr
    uninstall(tmp_path, "automaton")
    assert "automaton" not in trm("list-tasks").stdout
    gone = trm("evaluate", str(tmp_path / "run"))
    assert gone.returncode == 2
    assert "There is no task 'automaton'." in gone.stderr
    assert "Traceback" not in gone.stderr


@pytest.mark.slow
def test_a_metric_for_sudoku(tmp_path: Path, trm: Trm) -> None:
    install(tmp_path, "sudoku_ones", METRIC)
    sudoku = next(row for row in json.loads(trm("list-tasks", "-v", "--json").stdout) if row["task"] == "sudoku")
    (part,) = [part for part in sudoku["metrics"] if part["name"] == "ones"]
    assert (part["distribution"], part["version"]) == ("sudoku_ones", "1.2.3")
    small = ["--preset", "mini", "--device", "cpu"]
    for setting in ("task.train_puzzles=40", "task.test_puzzles=10", "training.max_steps=2"):
        small += ["--set", setting]
    trained = trm("train", "sudoku", *small, "--output", str(tmp_path / "run"))
    assert trained.returncode == 0, trained.stderr
    plain = json.loads(trm("evaluate", str(tmp_path / "run"), "--json").stdout)
    assert "ones" not in json.dumps(plain)
    asked = trm("evaluate", str(tmp_path / "run"), "--metric", "ones", "--json")
    assert '"ones"' in asked.stdout, asked.stderr
    uninstall(tmp_path, "sudoku_ones")
    gone = trm("evaluate", str(tmp_path / "run"), "--metric", "ones")
    assert gone.returncode == 2
    assert "Task 'sudoku' has no metric 'ones'." in gone.stderr
    assert trm("evaluate", str(tmp_path / "run")).returncode == 0


@pytest.mark.slow
def test_a_device(tmp_path: Path, trm: Trm) -> None:
    install(tmp_path, "fake_device", BACKEND)
    install(tmp_path, "automaton", AUTOMATON)
    assert "fake: not really there" in trm("doctor").stdout
    trained = trm("train", "automaton", "--device", "fake", "--output", str(tmp_path / "run"))
    assert trained.returncode == 0, trained.stderr
    uninstall(tmp_path, "fake_device")
    gone = trm("evaluate", str(tmp_path / "run"), "--device", "fake")
    assert gone.returncode == 2
    assert "There is no device 'fake'." in gone.stderr
    assert trm("evaluate", str(tmp_path / "run")).returncode == 0
