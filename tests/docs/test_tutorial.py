"""The tutorial is followed line by line, and what it writes is what `trm new-task` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.guides import Follower
from tests.support.paths import ROOT
from tests.support.tutorial import Reader, apply_edit, read_blocks, written
from trm.cli.new_task import LEFT_OUT, template_folder, write_package

TUTORIAL = ROOT / "docs" / "tutorial.md"
SECOND_PART = ROOT / "docs" / "tutorial-2.md"
NAME = "kaleidoscope"


@pytest.mark.parametrize("page", [TUTORIAL, SECOND_PART], ids=lambda page: page.name)
def test_every_block_is_executed_or_only_a_picture(page: Path) -> None:
    for block in read_blocks(page):
        assert block.action in ("run", "file", "append", "edit") or block.language == "text", block


def test_the_tutorial_writes_what_new_task_writes(tmp_path: Path) -> None:
    list(write_package(NAME, tmp_path))
    for path, text in written(read_blocks(TUTORIAL)).items():
        template = (tmp_path / Path(path).relative_to(f"trm_tasks_{NAME}")).read_text()
        assert [line for line in template.splitlines() if line] == [line for line in text.splitlines() if line], path


def test_edits_must_apply_exactly_once() -> None:
    assert apply_edit("a\nb\nc\n", " b\n+x\n") == "a\nb\nx\nc\n"
    with pytest.raises(AssertionError, match="2 times"):
        apply_edit("b\nb\n", " b\n+x\n")


def test_the_template_is_small_and_clean() -> None:
    files = [path for path in template_folder().rglob("*.py") if not LEFT_OUT.intersection(path.parts)]
    assert sum(len(path.read_text().splitlines()) for path in files if "tests" not in path.parts) <= 120


@pytest.mark.slow
def test_every_line_of_the_tutorial_works(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in read_blocks(TUTORIAL):
        if block.action:
            reader.follow(block)
    assert f"trm-tasks-{NAME}" in next(text for text in reader.output if text.startswith("$ trm list-tasks"))
    assert NAME not in reader.said("trm list-tasks")
    assert "All checks passed" in reader.said(f"trm check-task {NAME}")
    table = reader.said(f"trm check-task {NAME}").splitlines()
    skipped = [line.split()[0] for line in table if " skipped " in line]
    assert skipped == ["board_fits", "board_accepts_answers", "mixers"]
    assert "All checks passed" in reader.said("trm check-task knights-tour")
    assert "passed" in reader.said("python -m pytest")
    summary = json.loads((reader.folder / f"{NAME}-run" / "summary.json").read_text())
    assert summary["final_metrics"]["exact_accuracy"] > 0.99
    assert "G G B B G G" in reader.said(f"trm solve {NAME}") or "GGBBGG" in reader.said(f"trm solve {NAME}")


@pytest.mark.slow
def test_every_line_of_the_second_part_works(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    follower.follow(SECOND_PART)
    output = {line.removeprefix("trm --include-path tasks "): text for line, text in follower.output.items()}
    assert "All checks passed" in output["check-task maps"]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["final_metrics"]["exact_accuracy"] > 0.95
    assert "exact_accuracy" in output["evaluate run --set task.regions=12"]
    pictures = [block.text for block in read_blocks(SECOND_PART) if not block.action]
    assert "\n".join(pictures[1].splitlines()[:-1]) in output["data info maps"]
    solved = next(text for command, text in output.items() if command.startswith("solve maps"))
    assert solved.splitlines()[:5] == pictures[2].splitlines()[:5]
    assert "valid (after" in solved
