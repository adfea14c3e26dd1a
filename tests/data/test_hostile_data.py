"""Data sets and puzzles made to harm: each is refused with a sentence before it takes memory, time or another file."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.data.puzzle_set import Description, PuzzleSet
from trm.errors import DataError, PuzzleError, UsageError
from trm.storage.checksums import CHECKSUMS
from trm.storage.untrusted_input import LIMIT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set whose own checksums are no obstacle."""
    tokens = np.arange(24).reshape(4, 6) % 5
    write_split(tmp_path, "train", PuzzleSet(tokens, tokens, Description(vocab_size=5, seq_len=6)))
    for path in tmp_path.rglob(CHECKSUMS):
        path.unlink()
    return tmp_path


def facts(**changes: Any) -> Callable[[Path], Any]:
    def spoil(folder: Path) -> None:
        path = folder / "train" / "dataset.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return spoil


def array(name: str, values: Any) -> Callable[[Path], Any]:
    return lambda folder: np.save(folder / "train" / f"all__{name}.npy", values)


def header(name: str, text: str) -> Callable[[Path], Any]:
    """An array whose header says `text` and which holds nothing."""

    def spoil(folder: Path) -> None:
        with open(folder / "train" / f"all__{name}.npy", "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())

    return spoil


def large(name: str) -> Callable[[Path], Any]:
    def spoil(folder: Path) -> None:
        (folder / name).touch()
        os.truncate(folder / name, 10**10)

    return spoil


def pipe(name: str) -> Callable[[Path], Any]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return spoil


def archive(folder: Path) -> None:
    np.savez(folder / "x.npz", inputs=np.zeros((4, 6), np.uint8))
    os.replace(folder / "x.npz", folder / "train" / "all__inputs.npy")


PROBLEMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a set elsewhere": (facts(sets=["../../other/all"]), "sets is .*: expected the name of one set"),
    "a set of many files": (facts(sets=["**"]), "sets is .*: expected the name of one set"),
    "positions without end": (facts(seq_len=10**12), "seq_len is 1000000000000: expected an integer from 1 to"),
    "a number without end": (facts(vocab_size=10**4000), "vocab_size is a number of 13,288 bits"),
    "identifiers without names": (
        facts(num_puzzle_identifiers=2**31 - 1), "identifiers.json is missing|expected a list with the names"
    ),
    "a value that fills the message": (facts(pad_id=[["x" * 100] * 100] * 100), "pad_id is .{1,250} expected an integer"),
    "a shape without end": (
        header("inputs", "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 6), }"), "all__inputs.npy is damaged"
    ),
    "a shape beyond the numbers": (
        header("inputs", "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
        "is damaged, or not an array"
    ),
    "code in a header": (header("inputs", "__import__('os').getcwd()"), "is damaged, or not an array of plain numbers"),
    "objects": (array("inputs", np.array([{"a": 1}], dtype=object)), "is damaged, or not an array of plain numbers"),
    "an archive": (archive, "is damaged, or not an array of plain numbers"),
    "identifiers in a table": (array("puzzle_identifiers", np.zeros((4, 4), np.int64)), "puzzle_ids has shape"),
    "a pipe": (pipe("train/all__labels.npy"), "all__labels.npy is damaged, or not an array"),
    "a description that is a pipe": (pipe("train/dataset.json"), "Cannot read .*dataset.json: not a regular file"),
    "names without end": (large("identifiers.json"), "Cannot read .*identifiers.json: it has 10,000,000,000 bytes, more than"),
    "a document without end": (large("notes.json"), "Cannot read .*notes.json: it has 10,000,000,000 bytes, more than"),
    "a document without bottom": (lambda folder: (folder / "notes.json").write_text("[" * 9999), "it is nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_hostile_data_set_is_refused(folder: Path, problem: str) -> None:
    spoil, sentence = PROBLEMS[problem]
    assert len(read_split(folder, "train")) == 4
    spoil(folder)
    with pytest.raises(DataError, match=sentence):
        read_split(folder, "train")


def test_identifiers_need_their_names(folder: Path) -> None:
    (folder / "identifiers.json").unlink()
    facts(num_puzzle_identifiers=10**6)(folder)
    with pytest.raises(DataError, match=r"identifiers\.json is missing: it must name the 1,000,000 puzzle ids"):
        read_split(folder, "train")
    facts(num_puzzle_identifiers=100)(folder)
    assert len(read_split(folder, "train").identifiers) == 100


QUESTION = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"question,answer,rating\n{QUESTION},{ANSWER},{2**31}\n", "line 2: the rating '2147483648' is out of range"),
        (f"question,answer,rating\n{QUESTION},{ANSWER},{'9' * 5000}\n", "is not a whole number"),
        (f"question,answer\n{'x' * (2**20 + 1)}", "a line has more than 1,048,576 characters"),
        ("question,answer\n" + '"' + "x\n" * 100_000, "field larger than field limit"),
    ],
)
def test_hostile_csv_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    csv_source = pytest.importorskip("trm_tasks_sudoku.csv_source")
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError) as refused:
        csv_source.read_csv(tmp_path / "x.csv", 3, 0)
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("module", ["trm_tasks_sudoku.csv_source", "trm_tasks_maze.csv_source"])
def test_csv_from_a_pipe_or_an_impossible_path(tmp_path: Path, module: str) -> None:
    read_csv = pytest.importorskip(module).read_csv
    more = (3, 0) if "sudoku" in module else ()
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("nul\0byte.csv"), tmp_path):
        with pytest.raises(DataError, match=r"read .*as CSV"):
            read_csv(path, *more)


PAIR = {"input": [[1]], "output": [[2]]}


@pytest.mark.parametrize(
    "content",
    [
        {"train": 5, "test": [PAIR]}, {"train": "ab", "test": [PAIR]}, {"train": {"a": 1}, "test": [PAIR]},
        {"train": [PAIR], "test": [{"input": [[10**400]]}]}, {"train": [PAIR], "test": [{"input": [[1.5, None]]}]},
    ],
)  # fmt: skip
def test_hostile_tasks_are_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    tasks = pytest.importorskip("trm_tasks_arc.tasks")
    path = tmp_path / "task.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="Task task"):
        tasks.load_source(str(path))


def test_tasks_nested_without_end_or_too_large(tmp_path: Path) -> None:
    tasks = pytest.importorskip("trm_tasks_arc.tasks")
    solve = pytest.importorskip("trm_tasks_arc.solve")
    path = tmp_path / "task.json"
    path.write_text("[" * 99_999)
    with pytest.raises(DataError, match="it is nested too deeply"):
        tasks.load_source(str(path))
    with pytest.raises(PuzzleError, match="it is nested too deeply"):
        solve.read_tasks([("x.json", path.read_text())], 30)
    os.truncate(path, LIMIT + 1)
    with pytest.raises(UsageError, match="more than 67,108,864 characters; split it"):
        tasks.load_source(str(path))


def test_a_task_larger_than_any_canvas_is_skipped(tmp_path: Path) -> None:
    tasks = pytest.importorskip("trm_tasks_arc.tasks")
    path = tmp_path / "task.json"
    path.write_text(json.dumps({"train": [PAIR], "test": [{"input": [[0] * 10**5]}]}))
    assert tasks.fitting(tasks.load_source(str(path)), 30) == {}


def test_kept_predictions_that_swell_are_predicted_again(tmp_path: Path) -> None:
    kept = pytest.importorskip("trm_tasks_arc.kept").Kept(tmp_path / "out", {"weights": "x"})
    answers = np.zeros((2, 9), np.uint8), np.zeros(2)
    kept.keep("00000000", answers)
    assert kept.get("00000000", 2) is not None
    path = tmp_path / "out" / "predictions" / "00000000.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("predictions.npy", bytes(10**8))
    assert path.stat().st_size < 10**6
    assert kept.get("00000000", 2) is None
    np.savez(path, predictions=np.zeros(2), confidences=np.zeros((2, 2)))
    assert kept.get("00000000", 2) is None
