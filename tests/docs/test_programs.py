"""Whole programs against the public Python API, run as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.paths import SUPPORT

PROGRAMS = SUPPORT / "programs"


def run(name: str, *arguments: str) -> dict[str, str]:
    """The last words of each line that the program prints, by the words before."""
    result = subprocess.run(
        [sys.executable, str(PROGRAMS / name), *arguments], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    return dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines() if line)


def test_building_a_model() -> None:
    printed = run("build_a_model.py")
    assert float(printed["loss"]) > 0
    assert printed["steps"] == "16"


def test_training_on_a_custom_dataset(tmp_path: Path) -> None:
    printed = run("train_a_custom_dataset.py", str(tmp_path / "run"))
    assert float(printed["cell accuracy"]) > 0.9  # chance is 1/3
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["final_metrics"]["exact_accuracy"] == float(printed["exact accuracy"])
