"""The array layout on disk survives a kill at any moment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT, SUPPORT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_kill_at_any_file_operation_hides_no_data(tmp_path: Path) -> None:
    """After the kill a reader finds the old data or the new, and the next writer leaves nothing behind."""
    done = subprocess.run(
        [sys.executable, SUPPORT / "data_crash_points.py", tmp_path],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr
    for name, report in json.loads(done.stdout).items():
        assert report["operations"] > 20, name
        assert report["problems"] == {}, name
