"""Every distribution builds as a wheel and an sdist, and the wheel holds what it must."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DISTRIBUTIONS = {
    "trm": ROOT,
    "trm_tasks_sudoku": ROOT / "trm_tasks_sudoku",
    "trm_tasks_maze": ROOT / "trm_tasks_maze",
    "trm_tasks_arc": ROOT / "trm_tasks_arc",
    "trm_tasks_arithmetic": ROOT / "trm_tasks_arithmetic",
    "trm_tasks_lights_out": ROOT / "plugins" / "trm_tasks_lights_out",
    "trm_tasks_reasoning_gym": ROOT / "plugins" / "trm_tasks_reasoning_gym",
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
