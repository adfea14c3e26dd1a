"""Files and folders of ARC tasks in the forms that collections have."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import build, select
from trm_tasks_arc.files import read_path
from trm_tasks_arc.solve import read_tasks
from trm_tasks_arc.tasks import load_source

from trm.data import IGNORED
from trm.errors import DataError, PuzzleError, UsageError

SHARED = Path(__file__).parents[3] / "shared" / "data"
TASK: dict[str, Any] = {
    "train": [{"input": [[1, 2]], "output": [[3]]}],
    "test": [{"input": [[4]], "output": [[5]]}],
}
UNSOLVED: dict[str, Any] = {**TASK, "test": [{"input": [[4]]}]}
WIDE: dict[str, Any] = {**TASK, "test": [{"input": [[0] * 32], "output": [[5]]}]}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize(
    ("name", "content", "ids", "form"),
    [
        ("a.json", TASK, ["a"], "one task"),
        ("a.json.gz", TASK, ["a"], "one task"),
        ("mini-arc.json", {"x": TASK, "y": TASK}, ["x", "y"], "a collection of 2 tasks"),
        ("list.json", [{"id": "x", **TASK}, {"task_id": "y", **TASK}], ["x", "y"], "a collection of 2 tasks"),
        ("k_challenges.json", {"x": UNSOLVED}, ["x"], "Kaggle's challenges without solutions, 1 task"),
    ],
)
def test_the_form_of_a_file_is_recognized(tmp_path: Path, name: str, content: Any, ids: list[str], form: str) -> None:
    found = read_path(write(tmp_path / name, content))
    assert (list(found.tasks), found.form) == (ids, form)


def test_solutions_beside_the_challenges_are_read_compressed_too(tmp_path: Path) -> None:
    write(tmp_path / "k_solutions.json.gz", {"x": [[[7]]]})
    found = read_path(write(tmp_path / "k_challenges.json.gz", {"x": UNSOLVED}))
    assert found.form == "Kaggle's challenges with solutions, 1 task"
    assert found.tasks["x"].solved


def test_folders_are_read_with_their_subfolders(tmp_path: Path) -> None:
    for name in ("nested/concept/t1.json", "nested/b.json", "nested/.git/x.json"):
        write(tmp_path / name, TASK)
    found = read_path(tmp_path / "nested")
    assert sorted(found.tasks) == ["b", "t1"]
    assert found.form == "a folder of 2 files, 2 tasks"
    write(tmp_path / "nested/other/t1.json", TASK)
    assert sorted(read_path(tmp_path / "nested").tasks) == ["b", "concept/t1", "other/t1"]


def test_a_folder_with_something_else_names_the_file_and_the_key(tmp_path: Path) -> None:
    write(tmp_path / "a.json", TASK)
    write(tmp_path / "package.json", {"name": "arc", "version": "1"})
    with pytest.raises(DataError, match=r"package\.json contains no ARC tasks: 'name' is the value 'arc'"):
        load_source(str(tmp_path))


def test_a_malformed_task_names_its_file(tmp_path: Path) -> None:
    bad = {"train": [{"input": [[12]], "output": [[1]]}], "test": [{"input": [[1]]}]}
    path = write(tmp_path / "deep/bad.json", bad)
    with pytest.raises(DataError, match=re.escape(f"{path}: Task bad, training pair 1, input has the colour 12")):
        load_source(str(tmp_path))
    with pytest.raises(DataError, match="contains no ARC tasks") as raised:
        read_path(write(tmp_path / "grid.json", [[1, 2], [3, 4]]))
    assert raised.value.__cause__ is not raised.value


def test_the_sample_submission_beside_challenges_is_skipped(tmp_path: Path) -> None:
    write(tmp_path / "k_challenges.json", {"x": UNSOLVED})
    write(tmp_path / "sample_submission.json", {"x": [{"attempt_1": [[0]], "attempt_2": [[0]]}]})
    assert list(read_path(tmp_path).tasks) == ["x"]


def test_a_file_that_is_not_text_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(UsageError, match="a zip archive or a PyTorch file"):
        load_source(str(tmp_path / "model.json"))


def test_tasks_too_large_for_the_canvas_are_skipped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = str(write(tmp_path / "c.json", {"a": TASK, "b": WIDE, "c": TASK}))
    chosen = select(ArcConfig(training=(), evaluation=(source,)))
    assert list(chosen.evaluation) == ["a", "c"]
    assert "Skipped 1 of 3 tasks larger than 30x30." in caplog.text
    assert f"{source}: read as a collection of 3 tasks." in caplog.text


def test_solving_reads_the_same_forms_and_skips_what_is_too_large() -> None:
    collection = json.dumps({"a": TASK, "b": WIDE, "c": TASK})
    assert list(read_tasks([("x/c.json", collection)], 8)) == ["a", "c"]
    assert list(read_tasks([("x/t.json.gz", json.dumps(TASK))], 8)) == ["t"]
    with pytest.raises(PuzzleError, match="Task b has a grid with 32 rows or columns"):
        read_tasks([("b.json", json.dumps(WIDE))], 8)
    with pytest.raises(PuzzleError, match=r"x\.json contains no ARC tasks: 'name' is the value 'arc'"):
        read_tasks([("x.json", '{"name": "arc"}')], 8)


def test_solving_reads_folders_and_the_solutions_beside_challenges(tmp_path: Path) -> None:
    path = write(tmp_path / "sub/k_challenges.json", {"x": UNSOLVED})
    write(tmp_path / "sub/k_solutions.json", {"x": [[[7]]]})
    for source, text in ((tmp_path, ""), (path, path.read_text())):
        tasks = read_tasks([(str(source), text)], 8)
        assert [task.solved for task in tasks.values()] == [True]


def test_unknown_answers_are_labels_that_are_not_scored(tmp_path: Path) -> None:
    source = str(write(tmp_path / "k_challenges.json", {"a": UNSOLVED, "b": TASK}))
    puzzles = build(ArcConfig(training=(), evaluation=(source,), variants=0, side=4), "test", 0)
    assert puzzles.has_answer(slice(None)).tolist() == [False, True]
    assert (puzzles.scored_labels(np.array([0])) == IGNORED).all()


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared collections")
@pytest.mark.parametrize(
    ("name", "count"), [("1d-arc.json", 901), ("mini-arc.json", 149), ("arc-agi_concept_challenges.json", 160)]
)
def test_published_collections_are_read(name: str, count: int) -> None:
    tasks = load_source(str(SHARED / name))
    assert len(tasks) == count
    assert all(task.solved for task in tasks.values())
