"""The cache of datasets: its key covers the plugin's source, and it can be cleared."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from trm.data import Description, PuzzleSet
from trm.data.cache import Split, cache_folder, cached_split, clear_cache
from trm.data.source_code import source_digest
from trm.errors import PluginError
from trm.specs import DatasetSpec

PUZZLES = """
import numpy as np
from trm.data import Description, PuzzleSet
from cachedplugin.numbers import TOKEN

def describe(config):
    return Description(vocab_size=5, seq_len=3)

def build(config, split, seed):
    rows = np.full((4, 3), TOKEN)
    return PuzzleSet(rows, rows, describe(config))
"""


class Config(BaseModel):
    size: int = 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an importable package with a `build`."""
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second must not find stale bytecode
    folder = tmp_path / "cachedplugin"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "puzzles.py").write_text(PUZZLES)
    (folder / "numbers.py").write_text("TOKEN = 1\n")
    return folder


def read(task: str = "cached", seed: int = 0, rebuild: bool = False) -> int:
    """The token that all cells of the dataset have, read as in a new process."""
    for name in [name for name in sys.modules if name.split(".")[0] == "cachedplugin"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    module = importlib.import_module("cachedplugin.puzzles")
    spec = DatasetSpec(name="rows", task=task, summary="", build="cachedplugin.puzzles:build", cache=True)
    puzzles = cached_split(Split(spec, Config(), "train", seed), module.build, module.describe, rebuild=rebuild)
    return int(puzzles.inputs[0, 0])


def test_an_edit_of_a_helper_builds_the_data_again(package: Path) -> None:
    assert read() == 1
    (package / "numbers.py").write_text("TOKEN = 2\n")
    assert read() == 2
    (package / "numbers.py").write_text("TOKEN = 1\n")
    assert read() == 1


def test_rebuild_replaces_what_is_cached(package: Path) -> None:
    read()
    (file,) = cache_folder().rglob("all__inputs.npy")
    written = file.stat().st_mtime_ns
    read()
    assert file.stat().st_mtime_ns == written
    read(rebuild=True)
    assert file.stat().st_mtime_ns > written


def test_one_tasks_data_is_cleared(package: Path) -> None:
    read("cached/one")
    read("cached/one", seed=1)
    read("cached")
    cleared = clear_cache("cached/one")
    assert cleared.splits == 2
    assert cleared.size > 0
    assert clear_cache("cached/one").splits == 0
    assert clear_cache("cached").splits == 1
    assert not list(cache_folder().rglob("*.npy"))


def test_all_data_is_cleared(package: Path) -> None:
    read("one")
    read("two")
    assert clear_cache().splits == 2
    assert clear_cache().splits == 0


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[1, 2]], "returned list; expected a trm.data.PuzzleSet."),
        (np.full((1, 2), 9).view(np.memmap), "contains token 9, but its description gives a vocabulary of 3."),
    ],
)
def test_data_that_breaks_the_contract(tokens: Any, message: str) -> None:
    def build(config: Any, split: str, seed: int) -> Any:
        return tokens if isinstance(tokens, list) else PuzzleSet(tokens, tokens, Description(vocab_size=3, seq_len=2))

    spec = DatasetSpec(name="rows", task="t", summary="", build="m:build")
    with pytest.raises(PluginError, match=message):
        cached_split(Split(spec, Config(), "train", 0), build, lambda config: Description(vocab_size=3, seq_len=2))


class Maker:
    def build(self, config: Any, split: str, seed: int) -> None: ...

    def __call__(self, config: Any) -> None: ...


@pytest.mark.parametrize("function", [Maker().build, functools.partial(Maker().build, None), Maker(), read])
def test_the_source_of_every_kind_of_callable_is_found(function: Callable[..., Any]) -> None:
    assert source_digest([function]) == source_digest([read]) != source_digest([])
