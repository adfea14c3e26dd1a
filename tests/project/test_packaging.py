"""Every distribution builds as a wheel and an sdist, and the wheel holds what it must."""

import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

import trm
from tests.support.paths import ROOT

DISTRIBUTIONS = {
    "trm": ROOT,
    "trm_tasks_sudoku": ROOT / "trm_tasks_sudoku",
    "trm_tasks_maze": ROOT / "trm_tasks_maze",
    "trm_tasks_arc": ROOT / "trm_tasks_arc",
    "trm_tasks_arithmetic": ROOT / "trm_tasks_arithmetic",
    **{path.name: path for path in sorted((ROOT / "plugins").glob("trm_tasks_*"))},
}


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_wheel_and_sdist(package: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(DISTRIBUTIONS[package])]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert f"{package}/__init__.py" in names
    assert f"{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("tests/" in name and not name.startswith("trm/") for name in names)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert any(name.endswith(f"{package}/__init__.py") for name in archive.getnames())
    if package == "trm":
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "trm").rglob("*.py")}
        assert sources <= names


def test_the_citation_file_names_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == trm.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_start_page_of_the_documentation_lists_the_newest_release_first() -> None:
    versions = runpy.run_path(str(ROOT / "docs" / "versions.py"))
    assert versions["newest_first"](["dev", "0.9.1", "0.10.0", "0.9.0"]) == ["0.10.0", "0.9.1", "0.9.0", "dev"]
    assert 'about <a href="0.10.0/index.html">the newest release, 0.10.0</a>' in versions["page"](["0.9.1", "0.10.0"])
    assert "the current development" in versions["page"](["dev"])


def test_container_builds_and_installs_every_package_with_weights() -> None:
    text = (ROOT / "Containerfile").read_text()
    pins = (ROOT / "constraints.txt").read_text().split()
    assert all(pin in pins for pin in re.findall(r"\b[\w-]+==[\w.]+", text))
    assert all(f" {path.parents[2].name}" in text for path in ROOT.glob("trm_tasks_*/src/*/weights"))
