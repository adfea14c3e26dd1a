"""`trm evaluate`: what a report says, and how it shows several scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trm.cli.main import main

pytest.importorskip("trm_tasks_arithmetic")

SETTINGS = [
    "task.train_examples=40",
    "task.test_examples=12",
    "training.max_steps=4",
    "training.save_interval=2",
    "training.batch_size=4",
]
RUN_OPTIONS = [word for setting in SETTINGS for word in ("--set", setting)]
Command = Callable[..., str]


@pytest.fixture
def trm(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process and return what it prints on stdout; `code` is the expected exit code."""

    def run(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, words)))
        output = capsys.readouterr()
        assert (ended.value.code or 0) == code, output.err
        return output.out if code == 0 else output.err

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps with two checkpoints."""
    folder = tmp_path_factory.mktemp("evaluate") / "run"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "train",
                "arithmetic",
                "--preset",
                "quick",
                *RUN_OPTIONS,
                "--device",
                "cpu",
                "--output",
                str(folder),
                "--json",
            ]
        )
    assert not ended.value.code
    return folder


def report(trm: Command, *words: str) -> Any:
    return json.loads(trm("evaluate", *words, "--json", "--device", "cpu"))


def test_a_report_says_on_what_it_was_measured(trm: Command, trained: Path) -> None:
    found = report(trm, str(trained), "--limit", "5")
    assert found["data"]["puzzles"] == 5
    assert found["data"]["source"] == "dataset uniform (task.train_examples=40, task.test_examples=12)"
    assert (found["data"]["split"], found["data"]["seed"], found["step"]) == ("test", 0, 4)
    assert len(found["data"]["fingerprint"]) == 12
    assert found["precision"] in ("fp32", "bf16")
    assert found["weights"].startswith("latest")
    assert Path(found["checkpoint"]).is_absolute()
    low, high = found["intervals"]["exact_accuracy"]
    assert low <= found["metrics"]["exact_accuracy"] <= high
    text = trm("evaluate", str(trained), "--limit", "5")
    for words in ("5 test puzzles of dataset uniform (", "seed 0, fingerprint", "step 4 (latest", found["precision"]):
        assert words in text


def test_the_summary_of_a_training_says_the_same(trm: Command, trained: Path) -> None:
    summary = json.loads((trained / "summary.json").read_text())
    assert summary["data"]["test"] == report(trm, str(trained))["data"]
    assert summary["data"]["train"]["puzzles"] == 40
    assert summary["supervision_steps"] == report(trm, str(trained))["supervision_steps"]
    assert Path(summary["run"]).is_absolute()


def test_all_checkpoints_are_scored_in_order(trm: Command, trained: Path, tmp_path: Path) -> None:
    found = report(trm, str(trained), "--all-checkpoints")
    assert [score["step"] for score in found["scores"]] == [2, 4]
    single = report(trm, str(trained / "checkpoints/step_2"))
    assert found["scores"][0]["metrics"] == single["metrics"]
    table = trm("evaluate", str(trained), "--all-checkpoints")
    for words in ("step", "exact_accuracy", "4 (latest"):
        assert words in table


def test_the_scores_of_all_checkpoints_are_plotted(trm: Command, trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    trm("evaluate", str(trained), "--all-checkpoints", "--plot", str(tmp_path / "curve.svg"))
    assert "<svg" in (tmp_path / "curve.svg").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--plot", "curve.svg"], "add --all-checkpoints"),
        (["--all-checkpoints", "--plot", "curve.txt"], "ends in .png, .svg or .pdf"),
        (["--seed", "1", "--seeds", "0-1"], "either --seed or --seeds"),
        (["--seeds", "4-1"], "'4-1' is not a range"),
        (["--seeds", "one"], "'one' is not a list of seeds"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    trm: Command, trained: Path, words: list[str], message: str
) -> None:
    assert message in trm("evaluate", str(trained), *words, code=2)


def test_weights_without_a_run_have_no_checkpoints(trm: Command) -> None:
    assert "needs a run folder with checkpoints" in trm("evaluate", "arithmetic", "--all-checkpoints", code=2)


def test_both_splits_are_shown_side_by_side(trm: Command, trained: Path) -> None:
    found = report(trm, str(trained), "--split", "both")
    assert [(score["split"], score["puzzles"]) for score in found["scores"]] == [("test", 12), ("train", 40)]
    table = trm("evaluate", str(trained), "--split", "both")
    assert "split" in table
    assert "train" in table


def test_seeds_give_mean_spread_and_interval(trm: Command, trained: Path) -> None:
    found = report(trm, str(trained), "--seeds", "0-2")
    values = [score["metrics"]["cell_accuracy"] for score in found["scores"]]
    assert len({score["data"]["fingerprint"] for score in found["scores"]}) == 3
    summary = next(item for item in found["seeds"][0]["metrics"] if item["metric"] == "cell_accuracy")
    assert summary["count"] == 3
    assert summary["mean"] == pytest.approx(np.mean(values))
    assert summary["spread"] == pytest.approx(np.std(values, ddof=1))
    assert summary["interval"][0] <= summary["mean"] <= summary["interval"][1]
    assert "95 % interval of the mean" in trm("evaluate", str(trained), "--seeds", "0-2")


def test_data_that_changed_since_training_is_stated_and_not_resumed(
    trm: Command, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    for seed, folder in (("0", data), ("1", tmp_path / "other")):
        trm("data", "build", "arithmetic", "--output", str(folder), "--seed", seed, *RUN_OPTIONS[:4])
    words = ["train", "arithmetic", "--preset", "quick", *RUN_OPTIONS[4:], "--device", "cpu", "--json"]
    trm(*words, "--data", str(data), "--output", str(run))
    shutil.rmtree(data)
    shutil.move(tmp_path / "other", data)
    with pytest.raises(SystemExit):
        main(["evaluate", str(run), "--device", "cpu"])
    assert "The test data has changed since training" in capsys.readouterr().err
    (run / "summary.json").unlink()
    assert "training data has changed since it began" in trm(
        "train", "--resume", str(run), "--set", "training.max_steps=6", code=2
    )


def test_training_with_several_seeds_reports_them_together(trm: Command, tmp_path: Path) -> None:
    words = [
        "train",
        "arithmetic",
        *RUN_OPTIONS,
        "--device",
        "cpu",
        "--seeds",
        "0-1",
        "--output",
        str(tmp_path / "runs"),
    ]
    text = trm(*words)
    for expected in ("seed 0: ", "seed 1: ", "95 % interval of the mean", "trm compare"):
        assert expected in text
    again = json.loads(trm(*words, "--json"))  # both are finished: nothing is trained again
    assert [run["seed"] for run in again["runs"]] == [0, 1]
    assert "either --seed or --seeds" in trm(*words, "--seed", "3", code=2)


def test_halting_early_is_stated(trm: Command, trained: Path) -> None:
    assert "fewer where the model is 90% sure" in trm("evaluate", str(trained), "--halt", "0.9")
    assert json.loads(trm("evaluate", str(trained), "--halt", "0.9", "--json"))["halt"] == 0.9
    assert "halt" not in json.loads(trm("evaluate", str(trained), "--json"))
    assert "0<x<=1" in trm("evaluate", str(trained), "--halt", "1.5", code=2)
