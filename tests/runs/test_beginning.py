"""A process that is killed while it creates a run folder leaves one that the next process can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.run_folders import MODEL
from trm.config import RunConfig
from trm.errors import UsageError
from trm.runs.run_folder import RunFolder, check_free


def test_a_folder_without_settings_is_created_again(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / ".config.json.17.tmp").write_text("{")
    RunFolder.create(tmp_path, RunConfig(model=MODEL))
    assert (tmp_path / "config.json").exists()


@pytest.mark.parametrize("name", ["checkpoints/step_3", "config.json", "notes.txt"])
def test_a_folder_with_anything_else_is_not_free(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match="not empty"):
        check_free(tmp_path)
