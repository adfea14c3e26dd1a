"""The loader enforces which versions of the core a plugin allows. Needs no torch."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

import trm
from tests.support.paths import ROOT
from trm.plugins.compatibility import unmet_requirement
from trm.plugins.registry import GROUP, load_registry

MODULE = "from trm.hookspecs import hookimpl\n\n@hookimpl\ndef trm_register_tasks():\n    return []\n"


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        ("trm", ["0.1.0", "7"]),
        ("trm<0.2,>=0.1", ["0.1.0", "0.1.17", "0.1"]),
        ("trm (>=0.1.3)", ["0.1.3", "2.0"]),
        ("trm[plot]~=0.1.2", ["0.1.2", "0.1.9"]),
        ("trm==0.1.*", ["0.1.0", "0.1.5"]),
        ("trm!=0.1.1", ["0.1.0", "0.1.1.1"]),
        ("trm>=9; extra == 'new'", ["0.1.0"]),
        ("trm-tasks-sudoku>=9", ["0.1.0"]),
        ("trm>=0.1rc1", ["0.0.1"]),
    ],
)
def test_met_requirements(requirement: str, met: list[str]) -> None:
    assert [unmet_requirement([requirement], version) for version in met] == [None] * len(met)


@pytest.mark.parametrize(
    ("requirement", "unmet"),
    [
        ("trm<0.2,>=0.1", ["0.0.9", "0.2.0", "0.10.0"]),
        ("trm>=0.2,<0.3", ["0.1.9", "0.3.0.dev1"]),
        ("trm~=0.1.2", ["0.1.1", "0.2.0"]),
        ("trm==0.1.*", ["0.2.0"]),
        ("trm!=0.1.1", ["0.1.1", "0.1.1.0"]),
        ("trm == 1", ["1.0.1"]),
    ],
)
def test_unmet_requirements(requirement: str, unmet: list[str]) -> None:
    assert [unmet_requirement(["numpy>=9", requirement], version) for version in unmet] == [requirement] * len(unmet)


def _registry(folder: Path, requirement: str, monkeypatch: pytest.MonkeyPatch) -> trm.plugins.registry.Registry:
    info = folder / "elsewhere-2.0.dist-info"
    info.mkdir()
    (folder / "elsewhere.py").write_text(MODULE)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: elsewhere\nVersion: 2.0\nRequires-Dist: {requirement}\n"
    )
    (info / "entry_points.txt").write_text("[trm]\nelsewhere = elsewhere\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv("TRM_PLUGINS", raising=False)
    monkeypatch.delenv("TRM_STRICT_PLUGINS", raising=False)
    distribution = importlib.metadata.PathDistribution(info)
    return load_registry(entry for entry in distribution.entry_points if entry.group == GROUP)


def test_a_plugin_for_another_core_is_not_loaded_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = _registry(tmp_path, "trm>=9.1,<9.2", monkeypatch)
    (problem,) = registry.problems
    assert problem.fatal
    assert str(problem) == (
        "Plugin 'elsewhere' of elsewhere 2.0 was not loaded: it requires trm>=9.1,<9.2, but this is trm "
        f"{trm.__version__}. Install compatible versions."
    )
    assert "elsewhere" not in [plugin.name for plugin in registry.plugins]


def test_a_plugin_for_this_core_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = _registry(tmp_path, f"trm>={trm.__version__}", monkeypatch)
    assert not registry.problems
    assert registry.plugins[-1].name == "elsewhere"


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("trm_tasks_*/pyproject.toml"), *ROOT.glob("plugins/*/pyproject.toml")]),
    ids=lambda path: path.parent.name,
)
def test_every_plugin_in_this_repository_requires_one_minor_version(path: Path) -> None:
    """Its own version is in `pyproject.toml`, or in the package if that file says so."""
    text = path.read_text()
    (requirement,) = re.findall(r'dependencies = \["(trm[<>=][^"]*)"', text)
    assert re.fullmatch(r"trm>=0\.\d+(\.\d+)?,<0\.\d+", requirement)
    assert unmet_requirement([requirement], trm.__version__) is None
    assert len(re.findall(r"^(?:version = |dynamic = \[\"version\"\])", text, re.MULTILINE)) == 1
