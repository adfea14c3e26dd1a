"""Data sets on disk and in the cache: damage is found when they are read, and named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trm.data import Description, PuzzleSet
from trm.data.cache import Split, cache_folder, cached_split
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.errors import DataError
from trm.experiment.experiment import Experiment
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec

TOKENS = np.random.default_rng(1).integers(1, 4, (50, 6))
PUZZLES = PuzzleSet(inputs=TOKENS, labels=TOKENS, description=Description(vocab_size=4, seq_len=6))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder, "train", replace(PUZZLES, documents={"facts": {"made": "here"}}))
    return folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_changed_byte_is_found(data: Path, choices: st.DataObject) -> None:
    """In the arrays, their description, the documents or the checksums themselves."""
    files = sorted(path for path in data.rglob("*") if path.is_file())
    file = choices.draw(st.sampled_from(files), label="file")
    whole = file.read_bytes()
    position = choices.draw(st.integers(0, len(whole) - 1), label="position")
    bit = choices.draw(st.integers(0, 7), label="bit")
    changed = bytearray(whole)
    changed[position] ^= 1 << bit
    try:
        file.write_bytes(bytes(changed))
        with pytest.raises(DataError):
            read_split(data, "train")
    finally:
        file.write_bytes(whole)
    assert read_split(data, "train").documents == {"facts": {"made": "here"}}


def test_a_changed_token_is_named(data: Path) -> None:
    file = data / "train" / "all__inputs.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([3 - whole[-1] % 3]))
    try:
        with pytest.raises(DataError, match=rf"{file} is damaged: its checksum differs from checksums\.json\. Build"):
            read_split(data, "train")
    finally:
        file.write_bytes(whole)


def test_data_without_checksums_is_read(tmp_path: Path) -> None:
    """As that of other code bases."""
    write_split(tmp_path, "train", PUZZLES)
    for path in tmp_path.rglob("checksums.json"):
        path.unlink()
    assert np.array_equal(read_split(tmp_path, "train").inputs, TOKENS)


def _read(spec: DatasetSpec, experiment: Experiment) -> PuzzleSet:
    build, describe = load(spec.build), load(experiment.task.spec.describe)
    return cached_split(Split(spec, experiment.task.config, "train", 0), build, describe)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[DatasetSpec, Experiment, Path]:
    """A cached dataset, built once, and its file of inputs."""
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    experiment = Experiment.from_preset("sudoku", "mini", ["task.train_puzzles=40", "task.test_puzzles=5"])
    spec = get_registry().part(DatasetSpec, "sudoku", "generated")
    _read(spec, experiment)
    (file,) = cache_folder().rglob("train/all__inputs.npy")
    return spec, experiment, file


def test_damaged_cache_is_named_and_built_again(
    cached: tuple[DatasetSpec, Experiment, Path], caplog: pytest.LogCaptureFixture
) -> None:
    spec, experiment, file = cached
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    puzzles = _read(spec, experiment)
    assert len(puzzles) == 40
    assert file.read_bytes() == whole
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{file} is damaged")
    assert said.endswith("The data is built again.")


def test_what_a_killed_build_left_is_removed(
    cached: tuple[DatasetSpec, Experiment, Path], caplog: pytest.LogCaptureFixture
) -> None:
    spec, experiment, file = cached
    half = file.parent.with_name(".train.1.tmp")
    file.parent.rename(half)
    assert len(_read(spec, experiment)) == 40
    assert not half.exists()
    assert not caplog.records


def test_data_that_is_being_built_is_waited_for(cached: tuple[DatasetSpec, Experiment, Path]) -> None:
    """While one process builds, another does not."""
    import threading

    spec, experiment, file = cached
    folder = file.parent.parent
    done = threading.Event()

    def read() -> None:
        _read(spec, experiment)
        done.set()

    with FileLock(folder.with_name(f".{folder.name}.lock")):
        thread = threading.Thread(target=read)
        thread.start()
        assert not done.wait(0.2)
    thread.join(30)
    assert done.is_set()
