"""Commands on damaged and hostile files: a sentence, exit code 2, no traceback, and nothing that steers the terminal."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("trm_tasks_sudoku")

from trm.cli.main import main
from trm.data.layout_writing import write_split
from trm.experiment.experiment import Experiment
from trm.interop.official import save_checkpoint
from trm.model import TinyRecursiveModel
from trm.runs.locate import locate

SETS = (
    "task.size=4", "task.clues=8", "task.train_puzzles=12", "task.test_puzzles=4", "model.hidden_dim=8",
    "model.mlp_multiple_of=8", "model.n_recursions=1", "model.T_steps=1", "training.batch_size=4", "training.max_steps=2",
    "training.save_interval=1",
)  # fmt: skip
OPTIONS = [option for setting in SETS for option in ("--set", setting)]
ATTENTION = ("model.mixing=attention", "model.num_heads=2", "model.activation=swiglu")
PUZZLE = "12343412214343.."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a data set and a checkpoint of the paper's code."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRM_CACHE", str(folder / "cache"))
        with pytest.raises(SystemExit) as ended:
            main(["train", "sudoku", *OPTIONS, "--quiet", "--device", "cpu", "--output", str(folder / "run")])
        assert ended.value.code == 0
        experiment = Experiment.from_preset("sudoku", None, SETS)
        for split in ("train", "test"):
            write_split(folder / "data", split, experiment.puzzles(split))
        attention = Experiment.from_preset("sudoku", None, [*SETS, *ATTENTION])
        config = attention.model_config(attention.puzzles("test")).model_copy(update={"mlp_multiple_of": 256})
        save_checkpoint(TinyRecursiveModel(config), folder / "official", 1)
    shutil.rmtree(folder / "cache")
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    shutil.copytree(made, tmp_path / "made")
    return tmp_path / "made"


def cut(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9])


def changed(name: str, **values: Any) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(json.dumps({**json.loads((folder / name).read_text()), **values}))


def text(name: str, content: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(content)


SOLVE = ["solve", "sudoku", PUZZLE, "--checkpoint", "run", "--device", "cpu"]
RESUME = ["train", "--resume", "run", "--device", "cpu"]
EVALUATE = ["evaluate", "run", "--data", "data", "--device", "cpu"]
TRAIN = ["train", "sudoku", *OPTIONS, "--quiet", "--device", "cpu", "--output", "new"]
DAMAGE: dict[str, tuple[list[str], Callable[[Path], Any], str]] = {
    "solve": (
        SOLVE, cut("run/checkpoints/step_2/model.safetensors"), "step_1 is undamaged"
    ),
    "solve, a configuration": (SOLVE, text("run/config.json", "{"), "Cannot read .*config.json"),
    "solve, a hostile puzzle": (["solve", "sudoku", "\x1b[2J" + PUZZLE, "--checkpoint", "run"], text("x", ""), "is not a cell"),
    "evaluate": (EVALUATE, cut("data/test/all__inputs.npy"), "all__inputs.npy"),
    "evaluate, no description": (EVALUATE, text("data/test/dataset.json", "[" * 9999), "Cannot read .*dataset.json"),
    "evaluate, a set elsewhere": (EVALUATE, changed("data/test/dataset.json", sets=["../../x"]), "sets is"),
    "train on data": (
        ["train", "sudoku", "--data", "data", "--quiet", "--device", "cpu", "--output", "new"],
        changed("data/train/dataset.json", seq_len=10**12), "seq_len is 1000000000000",
    ),
    "train from weights": ([*TRAIN, "--init", "run"], cut("run/checkpoints/step_2/ema.safetensors"), "step_1 is undamaged"),
    "resume": (RESUME, text("run/config.json", '{"model": 5}'), "Cannot read .*config.json"),
    "import": (["import-checkpoint", "official", "--output", "new"], cut("official/step_1"), "step_1"),
    "import, no architecture": (
        ["import-checkpoint", "official", "--output", "new"], text("official/all_config.yaml", "arch: &a [*a]"), "it has aliases"
    ),
    "plot": (["plot", "run"], text("run/metrics.jsonl", '{"step": "\x1b[2J"}\n{}\n'), "not a line of metrics"),
    "compare": (["compare", "run"], text("run/summary.json", "[]"), "is not a summary of a run"),
    "compare, no text": (["compare", "run"], lambda folder: (folder / "run/config.json").write_bytes(b"\xff\xfe"), "Cannot read"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_gets_a_sentence(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    arguments, spoil, sentence = DAMAGE[case]
    monkeypatch.chdir(copy)
    spoil(copy)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    shown = capsys.readouterr()
    errors = [line for line in shown.err.splitlines() if line.startswith("Error:")]
    assert ended.value.code == 2
    assert len(errors) == 1
    assert "bug in trm" not in shown.err
    assert "Traceback" not in shown.err
    assert not set(shown.err + shown.out) & {"\x1b", "\x9b"}
    assert re.search(sentence, errors[0])
    assert not (copy / "new").exists()


def test_foreign_names_in_records_are_shown_harmlessly(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy)
    evil = "\x1b]0;x\x07[/red][bold]$\\frac$"
    changed("run/config.json", preset=evil)(copy)
    record = {"step": 1, "epoch": 0.0, "seconds": 1.0, "test": {evil: 0.5, "exact_accuracy": 1e308, "x": "y"}}
    text("run/metrics.jsonl", json.dumps(record) + "\n")(copy)
    changed("run/summary.json", final_metrics={evil: 0.5, "odd": "[red]"})(copy)
    for arguments in (
        ["compare", "run", "--all"],
        ["compare", "run", "--json"],
        ["plot", "run"],
        ["plot", "run", "--metric", evil],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        shown = capsys.readouterr()
        assert ended.value.code == 0, shown.err
        assert not set(shown.out) & {"\x1b", "\x07"}
    assert "[/red][bold]" in shown.out


def test_weights_of_huge_numbers_are_answered(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The confidence of an answer was computed by an exponential that such numbers overflow."""
    from trm.runs.weights_file import save_weights_file

    loaded = locate(copy / "run")
    save_weights_file(
        copy / "huge.safetensors", loaded.run, dict(loaded.tensors) | {"halt_head.linear.bias": torch.full((2,), -1e30)}
    )
    with pytest.raises(SystemExit) as ended:
        main(["solve", "sudoku", PUZZLE, "--checkpoint", str(copy / "huge.safetensors"), "--device", "cpu"])
    assert ended.value.code in (0, 3)
    assert "confidence 0%" in capsys.readouterr().out
