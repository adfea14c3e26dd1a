"""Weights as a plugin ships them: `trm export RUN --format weights`, their card, and the puzzles they carry."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from trm.cli.main import main
from trm.evaluation.examples import examples_of_card
from trm.runs.checkpoint_folder import read_run_config
from trm.runs.locate import locate
from trm.runs.weights_file import METADATA_KEY

SMALL = ("task.train_examples=300", "task.test_examples=70", "training.max_steps=20", "training.eval_interval=10")


def command(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == code


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trm_tasks_arithmetic")
    folder = tmp_path_factory.mktemp("card") / "run"
    sets = [word for item in SMALL for word in ("--set", item)]
    command("train", "arithmetic", *sets, "--seed", "3", "--quiet", "--output", str(folder))
    return folder


@pytest.fixture(scope="module")
def weights(run: Path) -> Path:
    path = run.parent / "new" / "weights.safetensors"
    command("export", str(run), "--format", "weights", "--output", str(path))
    return path


def test_card_says_where_the_weights_come_from_and_what_they_reach(run: Path, weights: Path) -> None:
    card = locate(weights).card
    summary = json.loads((run / "summary.json").read_text())
    assert card["scores"] == pytest.approx(summary["final_metrics"])
    assert (card["task"], card["preset"], card["seed"], card["steps"]) == ("arithmetic", "quick", 3, 20)
    assert card["parameters"] == summary["parameters"]
    assert card["puzzles"] == 70
    assert card["minutes"] == pytest.approx(summary["seconds"] / 60, abs=0.06)


def test_the_file_is_the_run_and_others_may_read_it(run: Path, weights: Path) -> None:
    there, here = locate(run), locate(weights)
    for name, value in there.model().state_dict().items():
        assert (here.model().state_dict()[name] == value).all()
    assert here.run == read_run_config(run)
    assert stat.S_IMODE(weights.stat().st_mode) & stat.S_IRGRP


def test_the_file_names_the_weights_it_started_from_but_no_folder(run: Path, weights: Path, tmp_path: Path) -> None:
    sets = [word for item in (*SMALL, "training.max_steps=1") for word in ("--set", item)]
    second, path = tmp_path / "second", tmp_path / "second.safetensors"
    command("train", "arithmetic", *sets, "--init", str(weights), "--quiet", "--output", str(second))
    command("export", str(second), "--format", "weights", "--output", str(path))
    assert locate(path).run.init == weights.name
    assert str(weights.parent).encode() not in path.read_bytes()


def test_the_puzzles_it_carries_are_unseen_ones(run: Path, weights: Path) -> None:
    from trm.experiment.experiment import Experiment

    puzzles = Experiment.from_run(read_run_config(run)).puzzles("test")
    rows = {row.tobytes() for row in puzzles.inputs.astype("int64")}
    examples = examples_of_card(locate(weights).card, weights, puzzles.description)
    assert len(examples) == 4
    assert {example.puzzle.inputs.tobytes() for example in examples} <= rows


def with_card(weights: Path, card: Any, path: Path) -> Path:
    from safetensors import safe_open

    with safe_open(weights, "pt") as file:
        metadata = {METADATA_KEY: file.metadata()[METADATA_KEY], "card": card}
    save_file(load_file(weights), path, metadata)
    return path


def card_of(inputs: list[int]) -> str:
    return json.dumps({"examples": [{"inputs": inputs, "labels": None, "puzzle_id": 0, "solved_at": 1}]})


@pytest.mark.parametrize(
    "card",
    [
        '{"examples": [{"inputs": 3}]}',
        "[]",
        "{",
        '{"examples": 5}',
        card_of([1, 2]),
        card_of([99] * 15),
        card_of([-1] * 15),
    ],
)
def test_a_card_that_cannot_be_read_is_named(
    weights: Path, card: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_card(weights, card, tmp_path / "odd.safetensors")
    command("demo", "arithmetic", "--checkpoint", str(path), code=2)
    error = capsys.readouterr().err
    assert "odd.safetensors" in error
    assert "Cannot read the" in error


def test_weights_without_examples_are_shown_on_the_test_split(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_card(weights, "{}", tmp_path / "bare.safetensors")
    command("demo", "arithmetic", "--checkpoint", str(path), "--puzzles", "2")
    assert "puzzle 2 of 2" in capsys.readouterr().out


def test_what_is_there_is_not_overwritten(run: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("export", str(run), "--format", "weights", "--output", str(weights), code=2)
    assert "exists. Choose another --output." in capsys.readouterr().err
