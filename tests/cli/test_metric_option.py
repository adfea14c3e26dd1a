"""`--metric` of `trm train` and `trm evaluate`: a metric that another plugin adds to a task is reported on request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from trm.cli.main import main
from trm.evaluation import Share
from trm.plugins.registry import Plugin, Registry, get_registry
from trm.specs import MetricSpec

TINY = ["task.train_puzzles=40", "task.test_puzzles=10", "training.max_steps=3", "training.batch_size=4"]


class Filled(Share):
    """The share of positions that hold a digit."""

    needs = ("predictions",)

    def count(self, batch: object) -> tuple[int, int]:
        predictions = batch["predictions"]  # type: ignore[index]
        return int((predictions > 1).sum()), predictions.size


@pytest.fixture
def registry() -> Iterator[Registry]:
    """The registry with a metric for every task, from a plugin that is gone after the test."""
    pytest.importorskip("trm_tasks_sudoku")
    registry = get_registry()
    before = list(registry.entries), list(registry.plugins)
    spec = MetricSpec(name="filled", task="*", summary="filled cells", factory=f"{__name__}:Filled")
    registry.add(Plugin("extra", "trm-extra", "1.0"), [spec])
    yield registry
    registry.entries[:], registry.plugins[:] = before


def train(folder: Path, *options: str) -> None:
    words = [word for setting in TINY for word in ("--set", setting)]
    run("train", "sudoku", "--preset", "mini", *words, "--device", "cpu", "--output", str(folder), "--json", *options)


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert not ended.value.code


def test_a_metric_is_reported_on_request(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    train(tmp_path / "plain")
    assert "filled" not in json.loads(capsys.readouterr().out)["final_metrics"]
    run("evaluate", str(tmp_path / "plain"), "--metric", "filled", "--json")
    assert 0 <= json.loads(capsys.readouterr().out)["metrics"]["filled"] <= 1
    train(tmp_path / "run", "--metric", "filled")
    assert "filled" in json.loads(capsys.readouterr().out)["final_metrics"]
    assert '"filled"' in (tmp_path / "run" / "metrics.jsonl").read_text()


def test_a_run_whose_metric_was_uninstalled_is_still_scored(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    train(tmp_path / "run", "--metric", "filled")
    registry.entries[:] = [entry for entry in registry.entries if entry.spec.name != "filled"]
    capsys.readouterr()
    run("evaluate", str(tmp_path / "run"), "--json")
    output = capsys.readouterr()
    assert "filled" not in json.loads(output.out)["metrics"]
    assert "Skipping metric 'filled', which the run was trained with" in output.err


def test_an_unknown_metric_gets_the_nearest_names(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trm_tasks_sudoku")
    with pytest.raises(SystemExit) as ended:
        main(["train", "sudoku", "--metric", "valdi"])
    assert ended.value.code == 2
    assert "Task 'sudoku' has no metric 'valdi'. Did you mean 'valid'?" in capsys.readouterr().err
