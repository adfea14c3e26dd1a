"""A few corrupted inputs for every reader; `python -m tests.fuzz` runs 100,000."""

import random
from pathlib import Path

import pytest

pytest.importorskip("trm_tasks_sudoku")
pytest.importorskip("trm_tasks_maze")
pytest.importorskip("trm_tasks_arithmetic")
pytest.importorskip("trm_tasks_arc")

from tests.fuzz.harness import Files, Target, fuzz, written
from tests.fuzz.targets import TARGETS
from trm.errors import DataError

INPUTS = 100


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("name", TARGETS)
def test_corrupted_inputs_are_read_or_refused(name: str) -> None:
    row = fuzz(TARGETS[name], INPUTS, seed=1)
    assert not row.faults, "\n\n".join(row.faults)
    assert row.inputs == row.read + row.refused == INPUTS
    assert row.refused > INPUTS / 10, "the inputs are hardly corrupted"


def corrupt(rng: random.Random, files: Files) -> Files:
    return {"file": bytes([rng.randrange(4)])}


def read(folder: Path) -> None:
    """A reader with two faults."""
    number = (folder / "file").read_bytes()[0]
    if number == 1:
        raise DataError("one")
    if number == 2:
        raise ValueError("two")
    if number == 3:
        raise DataError("")


def test_the_fuzzing_finds_faults_and_keeps_their_inputs(tmp_path: Path) -> None:
    row = fuzz(Target("faulty", lambda: [{"file": b"\0"}], corrupt, read), 200, 0, tmp_path)
    assert any("ValueError: two" in fault for fault in row.faults)
    assert any("its message is empty" in fault for fault in row.faults)
    assert all(content in (b"\2", b"\3") for content in (path.read_bytes() for path in tmp_path.glob("*/file")))
    assert row.read
    assert row.refused


def test_inputs_are_written_inside_of_their_folder_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    names = ("a/b", "../x", "../../x", str(outside), "..", ".", "", "nul\0", "a/../../x", "x" * 300)
    written(dict.fromkeys(names, b"1"), tmp_path / "input")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["input/a/b"]


def test_the_fuzzing_finds_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.harness.SECONDS", 0.05)

    def read_forever(folder: Path) -> None:
        while (folder / "file").read_bytes() != b"whole":
            pass

    row = fuzz(Target("slow", lambda: [{"file": b"whole"}], corrupt, read_forever), 1, 0)
    assert len(row.faults) == 1
    assert "Hang" in row.faults[0]
