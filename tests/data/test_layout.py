"""The array layout on disk survives a kill at any moment, and a folder that is not one is called what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT, SUPPORT
from trm.data.layout import read_identifier_names, read_split
from trm.errors import DataError


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


def test_a_folder_that_is_gone_or_something_else_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "half" / "train").mkdir(parents=True)
    (tmp_path / "half" / "train" / "dataset.json").write_text("{}")
    for name, message in {
        "gone": r"There is no data folder .*gone\. If it was moved or deleted, put it back, or name another with --data",
        "file": r"file is a file, not a folder of arrays\. `trm list-tasks -v` lists",
        "empty": r"empty is not a dataset in the array layout: it has no folder test",
        "half": r"half has no test split, only train\.",
    }.items():
        with pytest.raises(DataError, match=message):
            read_split(tmp_path / name, "test")
    with pytest.raises(DataError, match="There is no data folder"):
        read_identifier_names(tmp_path / "gone")
