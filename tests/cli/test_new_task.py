"""`trm new-task`, from a checkout and from an installed wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support.paths import ROOT


def trm(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trm", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | environment,
    )


def test_a_package_comes_out_of_the_installed_wheel_too(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    result = trm("new-task", "knights-tour", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert result.returncode == 0, result.stderr
    package = tmp_path / "trm_tasks_knights_tour"
    assert {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()} == {
        "README.md",
        "pyproject.toml",
        "src/trm_tasks_knights_tour/__init__.py",
        "src/trm_tasks_knights_tour/task.py",
        "tests/test_knights_tour.py",
    }
    everything = "".join(path.read_text() for path in package.rglob("*") if path.is_file())
    assert "my-task" not in everything
    assert "my_task" not in everything
    assert "trm check-task knights-tour" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Knights Tour"], "is not a valid task name"),
        (["../up"], "is not a valid task name"),
        (["sudoku"], "'sudoku' is already used by plugin 'sudoku' of trm-tasks-sudoku"),
        (["trm"], "'trm' is already used by plugin 'trm' of trm"),
        (["trm-tasks-chess"], "Omit the prefix from 'trm-tasks-chess'"),
        (["trm_tasks"], "Omit the prefix from 'trm_tasks'"),
        (["chess", "--output", "full"], "full already exists and is not empty"),
        (["chess", "--output", "file"], "file already exists and is not empty"),
    ],
)
def test_wrong_requests_get_a_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    result = trm("new-task", *arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stdout
    assert message in result.stderr
    assert (tmp_path / "full" / "kept.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_the_name_of_an_importable_package_is_refused(tmp_path: Path) -> None:
    """`knights_tour` and `knights-tour` have one package."""
    (tmp_path / "trm_tasks_knights_tour.py").touch()
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = trm("new-task", "knights-tour", "--output", "new", cwd=tmp_path, PYTHONPATH=path)
    assert result.returncode == 2
    assert "A Python package trm_tasks_knights_tour is already installed" in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["class", "random", "pytest"])
def test_keywords_and_names_of_modules_make_packages_that_load(tmp_path: Path, name: str) -> None:
    assert trm("new-task", name, cwd=tmp_path).returncode == 0
    folder = tmp_path / f"trm_tasks_{name}"
    code = (
        f"import trm_tasks_{name}.task as task, trm_tasks_{name} as plugin; print(plugin.trm_register_tasks()[0].name)"
    )
    path = os.pathsep.join([str(folder / "src"), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60
    )
    assert result.stdout.strip() == name, result.stderr
