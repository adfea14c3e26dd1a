"""The data of several scores is read once, and what is known of its overlap with the training data is reported."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import trm
from trm.experiment import provenance
from trm.experiment.task import Task

pytest.importorskip("trm_tasks_arithmetic")

SIZES = "--set task.train_examples=40 --set task.test_examples=12"
STEPS = (
    "--set model.hidden_dim=16 --set training.max_steps=4 --set training.save_interval=2 "
    "--set training.batch_size=4 --device cpu"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Arrays whose halves are equal, a run on them, and a run on generated data."""
    folder = tmp_path_factory.mktemp("scored")
    assert trm(f"data build arithmetic {SIZES} -o {folder / 'data'}").code == 0
    shutil.rmtree(folder / "data" / "test")
    shutil.copytree(folder / "data" / "train", folder / "data" / "test")
    assert trm(f"train arithmetic --data {folder / 'data'} {STEPS} -o {folder / 'files'} --quiet").code == 0
    assert trm(f"train arithmetic {SIZES} {STEPS} -o {folder / 'generated'} --quiet").code == 0
    return folder


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often splits are read, fingerprinted and compared."""
    counts: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return function(*arguments, **options)

        return counted

    monkeypatch.setattr(Task, "puzzles", counting("read", Task.puzzles))
    monkeypatch.setattr(Task, "overlap", counting("compare", Task.overlap))
    monkeypatch.setattr(provenance, "fingerprint", counting("fingerprint", provenance.fingerprint))
    return counts


def report(line: str) -> Any:
    done = trm(f"evaluate {line} --device cpu --json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_all_checkpoints_and_splits_share_the_data(folder: Path, calls: Counter[str]) -> None:
    (folder / "files" / "summary.json").rename(folder / "kept.json")  # without it, the overlap is counted
    try:
        found = report(f"{folder / 'files'} --all-checkpoints --split both")["scores"]
    finally:
        (folder / "kept.json").rename(folder / "files" / "summary.json")
    assert len(found) == 4
    assert dict(calls) == {"read": 2, "fingerprint": 2, "compare": 1}
    assert [score["test_puzzles_in_training"] for score in found] == [40, None] * 2


def test_a_warning_about_the_data_comes_once(folder: Path) -> None:
    done = trm(f"evaluate {folder / 'files'} --all-checkpoints --device cpu")
    assert done.err.count("40 of the 40 test puzzles were in the training data of the run") == 1


def test_seeds_share_nothing_but_what_is_equal(folder: Path, calls: Counter[str]) -> None:
    found = report(f"{folder / 'generated'} --all-checkpoints --seeds 0-1")["scores"]
    assert len(found) == 4
    assert dict(calls) == {"read": 2, "fingerprint": 2}


def test_the_count_of_the_summary_is_reported_for_the_same_puzzles_only(folder: Path) -> None:
    run = folder / "generated"
    summary = json.loads((run / "summary.json").read_text())
    assert report(str(run))["test_puzzles_in_training"] == summary["test_puzzles_in_training"]
    assert report(f"{run / 'checkpoints' / 'step_2'}")["test_puzzles_in_training"] is not None
    assert report(f"{run} --seed 5")["test_puzzles_in_training"] is None
    assert report(f"{run} --limit 5")["test_puzzles_in_training"] is None


def test_seeds_that_change_nothing_are_refused(folder: Path) -> None:
    done = trm(f"evaluate {folder / 'files'} --seeds 0-2 --device cpu")
    assert done.code == 2
    assert "Seeds 0 and 1 give the same test puzzles (folder" in done.err
    assert done.err.rstrip().endswith("omit --seeds.")
