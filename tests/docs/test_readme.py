"""The plugin that the README shows, installed and trained."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

README = ROOT / "README.md"


def test_the_plugin_in_the_readme_trains(tmp_path: Path) -> None:
    files = dict(
        re.findall(r"<!-- plugin: (\S+) -->\n```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    )
    assert set(files) == {"__init__.py", "puzzle.py"}
    lines = [line for text in files.values() for line in text.splitlines() if line.strip()]
    assert len(lines) <= 30
    package = tmp_path / "rule110"
    package.mkdir()
    for name, text in files.items():
        (package / name).write_text(text)
    info = tmp_path / "rule110-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rule110\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trm]\nrule110 = rule110\n")
    command = [sys.executable, "-m", "trm", "train", "rule110", "--output", str(tmp_path / "run"), "--json"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "TRM_PLUGINS": "rule110"}
    trained = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert trained.returncode == 0, trained.stderr
    accuracy = float(re.findall(r'"exact_accuracy": ([\d.]+)', trained.stdout)[-1])
    assert accuracy > 0.9
