"""Weights that do not fit: every setting and every tensor that differs is named, and the file is not blamed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trm.cli.main import main
from trm.config import RunConfig, TRMConfig
from trm.errors import CheckpointError, UsageError
from trm.model import TinyRecursiveModel
from trm.runs.building import build_model
from trm.runs.locate import Checkpoint
from trm.runs.starting import check_start
from trm.runs.tensors import misfits

MODEL = TRMConfig(vocab_size=6, context_length=9, hidden_dim=16, num_heads=2, mlp_multiple_of=16, num_layers=1)


def start(task: str = "maze", **changes: object) -> Checkpoint:
    config = TRMConfig.model_validate({**MODEL.model_dump(), **changes})
    return Checkpoint(RunConfig(task=task, model=config), TinyRecursiveModel(config).state_dict(), Path("weights"))


def problem(checkpoint: Checkpoint) -> str:
    with pytest.raises(UsageError) as raised:
        check_start(checkpoint, RunConfig(task="maze", model=MODEL))
    message = str(raised.value)
    assert "damaged" not in message
    assert message.startswith("Cannot start from the weights in weights, which belong to another model: ")
    return message


def test_weights_that_fit_are_accepted() -> None:
    check_start(start(n_recursions=3, T_steps=1), RunConfig(task="maze", model=MODEL))


@pytest.mark.parametrize(
    ("changes", "difference", "advice"),
    [
        (
            {"hidden_dim": 32},
            "model.hidden_dim is 32 there and 16 in this run",
            "use --set model.hidden_dim=32; or choose other weights",
        ),
        ({"vocab_size": 7}, "they have 7 tokens, this run has 6", "Choose data of the same size, or other weights"),
        (
            {"mixing": "mlp", "positions": "none"},
            "model.mixing is mlp there and attention in this run",
            "use --set model.mixing=mlp --set model.positions=none",
        ),
        (
            {"num_puzzles": 5, "puzzle_tokens": 1},
            "they have 5 puzzle ids, this run has 0; model.puzzle_tokens is 1 there and 0 in this run",
            "use --set model.puzzle_tokens=1",
        ),
    ],
)
def test_the_settings_that_differ_are_named(changes: dict[str, object], difference: str, advice: str) -> None:
    message = problem(start(**changes))
    assert difference in message
    assert advice in message


def test_settings_that_explain_the_misfit_are_not_buried_under_tensors() -> None:
    message = problem(start(hidden_dim=32, num_layers=4, num_heads=4, mlp_multiple_of=8))
    assert "tensors are of another shape: " in message
    assert len(message) < 700
    assert message.count(" instead of ") == 1


def test_another_task_is_named_first() -> None:
    message = problem(start("sudoku", hidden_dim=32))
    assert ": they were trained on task 'sudoku', this run trains on 'maze'; model.hidden_dim" in message
    assert "Choose weights of task 'maze'." in message


def test_all_tensors_that_do_not_fit_are_listed() -> None:
    planned = {name: torch.Size([2, 3]) for name in ("a", "b", "c", "d", "e")}
    found = {"b": torch.zeros(2, 3), "d": torch.zeros(3, 2), "e": torch.zeros(1), "x": torch.zeros(1)}
    assert misfits(planned, found) == (
        "2 tensors are missing: a, c; 1 tensor is unexpected: x; "
        "2 tensors are of another shape: d is [3, 2] instead of [2, 3], e is [1] instead of [2, 3]"
    )
    assert misfits(planned, {}) == "5 tensors are missing: a, b, c, d, e"
    assert misfits(planned, {name: torch.zeros(2, 3) for name in planned}) is None


def test_a_file_that_does_not_fit_its_own_configuration_lists_all() -> None:
    tensors = dict(TinyRecursiveModel(MODEL).state_dict())
    names = sorted(tensors)
    del tensors[names[0]]
    tensors["stranger"] = tensors.pop(names[1])
    with pytest.raises(CheckpointError) as raised:
        build_model(MODEL, tensors, Path("weights"))
    message = str(raised.value)
    assert "weights does not fit its configuration: 2 tensors are missing: " in message
    assert names[0] in message
    assert names[1] in message
    assert "1 tensor is unexpected: stranger" in message


@pytest.mark.parametrize("weights", ["maze", "missing"])
def test_init_is_checked_before_the_data_is_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: str
) -> None:
    pytest.importorskip("trm_tasks_maze")
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.setattr("trm.experiment.task.Task.puzzles", None)
    with pytest.raises(SystemExit) as ended:
        main(["train", "sudoku", "--preset", "hard", "--init", weights, "--output", str(tmp_path / "run")])
    error = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 2
    assert ("trained on task 'maze'" if weights == "maze" else "missing") in error
    assert not (tmp_path / "run").exists()
