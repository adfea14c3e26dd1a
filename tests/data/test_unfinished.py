"""Parts of unfinished datasets: kept, used again, made again when damaged, removed in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from trm.data import Description, PuzzleSet, parts, progress, unfinished
from trm.data.cache import Split, cache_folder, cached_split, clear_cache
from trm.specs import DatasetSpec

PER_PART = 3


class Config(BaseModel):
    train: int = 10
    test: int = 10


class Killed(BaseException):
    """As if the process had been interrupted."""


class Builder:
    """Builds a dataset of parts, and can be interrupted."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.last = 1000

    def __call__(self, config: Config, split: str, seed: int) -> PuzzleSet:
        count, rows = getattr(config, split), np.zeros((0, 2), np.uint8)
        made = parts("rows", lambda number: {"rows": self.make(split, seed, number)})
        with progress("Making rows", count) as advance:
            while len(rows) < count:
                part = next(made)
                rows = np.concatenate([rows, part.arrays["rows"]])
                advance(PER_PART, found=part.found)
        return PuzzleSet(rows[:count], rows[:count], describe(config))

    def make(self, split: str, seed: int, number: int) -> Any:
        if number > self.last:
            raise Killed
        self.made.append(number)
        rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test", number]))
        return rng.integers(0, 200, (PER_PART, 2), dtype=np.uint8)


def describe(config: Config) -> Description:
    return Description(vocab_size=256, seq_len=2)


SPEC = DatasetSpec(
    name="rows", task="t", summary="", build="x:y", cache=True, counts={"train": "train", "test": "test"}
)


def built(builder: Builder, limit: int | None = None, split: str = "test", **settings: int) -> Any:
    wanted = Split(SPEC, Config(**settings), split, 0)
    return np.asarray(cached_split(wanted, builder, describe, limit=limit).inputs)


def part_files() -> list[Path]:
    return sorted(cache_folder().rglob("*.part"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(unfinished, "KEEP_SECONDS", 0.0)


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What an uninterrupted build gives."""
    with monkeypatch.context() as patch:
        patch.setenv("TRM_CACHE", str(tmp_path / "other"))
        return built(Builder())


def interrupted(last: int) -> Builder:
    """A builder that was interrupted after a part."""
    builder = Builder()
    builder.last = last
    with pytest.raises(Killed):
        built(builder)
    return builder


def test_an_interrupted_build_continues_and_gives_the_same_puzzles(whole: Any) -> None:
    assert interrupted(1).made == [0, 1]
    assert len(part_files()) == 2
    builder = Builder()
    assert (built(builder) == whole).all()
    assert builder.made == [2, 3]
    assert not part_files()  # the whole is stored


@pytest.mark.parametrize(("parts_are_there", "advice"), [(False, ()), (True, (unfinished.KEPT,))])
def test_an_interruption_says_that_parts_are_kept(
    parts_are_there: bool, advice: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "parts"
    if parts_are_there:
        folder.mkdir()
    with pytest.raises(KeyboardInterrupt) as ended, unfinished.keeping_parts(folder):
        raise KeyboardInterrupt
    assert ended.value.args == advice


def test_several_quick_parts_share_a_file(whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "KEEP_SECONDS", 1.0)
    times = iter(range(1000))
    monkeypatch.setattr(unfinished.time, "monotonic", lambda: next(times) * 0.6)
    interrupted(2)
    assert [path.name for path in part_files()] == ["rows-000000.part"]
    builder = Builder()
    assert (built(builder) == whole).all()
    assert builder.made == [2, 3]


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_a_damaged_part_is_made_again(whole: Any, keep: int, caplog: pytest.LogCaptureFixture) -> None:
    interrupted(2)
    damaged = part_files()[1]
    damaged.write_bytes(damaged.read_bytes()[:keep])
    builder = Builder()
    assert (built(builder) == whole).all()
    assert builder.made == [1, 3]
    assert "is damaged: its puzzles are made again" in caplog.text


def test_an_unwritable_cache_only_costs_the_parts(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "file" / "cache"))
    assert (built(Builder()) == whole).all()


def test_a_limit_makes_only_the_first_puzzles(whole: Any) -> None:
    builder = Builder()
    assert (built(builder, limit=4) == whole[:4]).all()
    assert builder.made == [0, 1]
    assert (built(builder, limit=8) == whole[:8]).all()  # continues from the parts
    assert builder.made == [0, 1, 2]
    assert (built(builder) == whole).all()
    assert builder.made == [0, 1, 2, 3]
    assert (built(builder, limit=4) == whole[:4]).all()  # from the stored whole
    assert (built(builder, limit=40) == whole).all()
    assert builder.made == [0, 1, 2, 3]


def test_a_limit_without_a_cache_makes_only_the_first_puzzles(whole: Any) -> None:
    builder = Builder()
    wanted = Split(DatasetSpec(**{**vars(SPEC), "cache": False}), Config(), "test", 0)
    assert (cached_split(wanted, builder, describe, limit=4).inputs == whole[:4]).all()
    assert builder.made == [0, 1]
    assert not part_files()


def test_parts_serve_any_number_of_puzzles_but_no_other_split(whole: Any) -> None:
    interrupted(2)
    builder = Builder()
    built(builder, split="train")
    assert builder.made == [0, 1, 2, 3]
    builder = Builder()
    assert (built(builder, test=9) == whole[:9]).all()
    assert builder.made == []


def test_rebuilding_uses_no_parts() -> None:
    interrupted(2)
    builder = Builder()
    cached_split(Split(SPEC, Config(), "test", 0), builder, describe, rebuild=True)
    assert builder.made == [0, 1, 2, 3]


def test_clearing_the_cache_removes_and_counts_parts() -> None:
    interrupted(2)
    assert clear_cache().splits == 1
    assert not part_files()
