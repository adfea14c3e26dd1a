"""`trm import-checkpoint` and `trm export` as a user calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner

from trm import TinyRecursiveModel, TRMConfig
from trm.cli.main import cli
from trm.errors import CheckpointError, TRMError, UsageError
from trm.interop.official import load_checkpoint, save_checkpoint
from trm.plugins.registry import get_registry
from trm.runs.locate import locate

SUDOKU = (
    "--task",
    "sudoku",
    "--set",
    "size=4",
    "--set",
    "clues=8",
    "--set",
    "train_puzzles=20",
    "--set",
    "test_puzzles=12",
)
needs_sudoku = pytest.mark.skipif("sudoku" not in get_registry().tasks(), reason="sudoku is not installed")


def trm(*arguments: Any) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: Any) -> TRMError:
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert isinstance(result.exception, TRMError), result.output
    return result.exception


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint of theirs, of the 4x4 Sudoku's size, with rotary positions."""
    torch.manual_seed(0)
    config = TRMConfig(
        vocab_size=6, context_length=16, hidden_dim=8, num_heads=2, num_layers=1, n_recursions=1, T_steps=2,
        n_supervision=2, num_puzzles=1, puzzle_tokens=2,
    )  # fmt: skip
    save_checkpoint(TinyRecursiveModel(config), tmp_path / "theirs", 7)
    settings = yaml.safe_load((tmp_path / "theirs" / "all_config.yaml").read_text())
    del settings["trm"]  # which their code does not write
    (tmp_path / "theirs" / "all_config.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path / "theirs"


def tensors(path: Path) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in torch.load(path, weights_only=True).items()}


def test_import_and_export_give_the_same_bytes(source: Path) -> None:
    said = trm("import-checkpoint", source, "--output", "run")
    assert "attention, any number of positions, 6 tokens, 1 puzzle id)" in said
    assert "import it again with --task" in said
    assert locate(Path("run")).step == 7
    assert "step_7" in trm("export", "run", "--format", "official", "--output", "back")
    assert tensors(source / "step_7") == tensors(Path("back/step_7"))
    trm("import-checkpoint", "back", "--output", "again")
    trm("export", "again", "--format", "official", "--output", "second")
    assert tensors(Path("back/step_7")) == tensors(Path("second/step_7"))


@needs_sudoku
def test_imported_checkpoint_is_scored_and_solves(source: Path) -> None:
    said = trm("import-checkpoint", source, *SUDOKU, "--output", "run")
    assert "16 positions" in said
    assert "trm evaluate run" in said
    report = json.loads(trm("evaluate", "run", "--json"))
    assert (report["puzzles"], report["step"], report["supervision_steps"]) == (12, 7, 2)
    assert 0 <= report["metrics"]["cell_accuracy"] <= 1
    solved = CliRunner().invoke(cli, ["solve", "sudoku", "12.4341221434321", "--checkpoint", "run", "--json"])
    (answer,) = json.loads(solved.stdout)
    assert len(answer["answer"]) == 16


@needs_sudoku
def test_baseline_checkpoint_is_scored(tmp_path: Path) -> None:
    config = TRMConfig(
        architecture="hrm", vocab_size=6, context_length=16, hidden_dim=8, num_heads=2, num_layers=2, n_recursions=2,
        T_steps=2, n_supervision=2, num_puzzles=1, puzzle_tokens=1,
    )  # fmt: skip
    save_checkpoint(TinyRecursiveModel(config), tmp_path / "hrm", 1)
    assert "(hrm," in trm("import-checkpoint", "hrm", *SUDOKU, "--output", "run")
    assert json.loads(trm("evaluate", "run", "--json"))["puzzles"] == 12


@needs_sudoku
def test_trained_run_is_exported_with_its_averaged_weights() -> None:
    sets = {
        "size": 4, "clues": 8, "train_puzzles": 20, "test_puzzles": 8, "model.hidden_dim": 8, "model.num_heads": 2,
        "model.num_layers": 1, "model.n_recursions": 1, "model.T_steps": 1, "model.n_supervision": 2,
        "model.puzzle_tokens": 1, "model.puzzle_dim": "none", "training.max_steps": 3, "training.batch_size": 4,
    }  # fmt: skip
    given = [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
    trm(
        "train", "sudoku", "--preset", "paper-attention", "--dataset", "generated", *given, "--output", "run", "--quiet"
    )
    trm("export", "run", "--format", "official", "--output", "theirs")
    settings = yaml.safe_load(Path("theirs/all_config.yaml").read_text())
    assert settings["arch"]["mlp_t"] is False
    assert (settings["lr"], settings["weight_decay"], settings["ema_rate"]) == (1e-4, 1.0, 0.999)
    exported, averaged = load_checkpoint("theirs"), locate(Path("run"))
    assert exported.config.context_length == 16
    for name, value in averaged.model().state_dict().items():
        assert torch.equal(value, exported.state_dict()[name]), name


@pytest.mark.parametrize("form", [pytest.param("onnx", marks=pytest.mark.slow), "torch-export"])
def test_exports_for_other_runtimes(source: Path, form: str) -> None:
    if form == "onnx":
        pytest.importorskip("onnxscript")
    trm("import-checkpoint", source, "--output", "run", "--context-length", 16)
    assert "Written: model" in trm("export", "run", "--format", form, "--output", "model", "--steps", 1)
    assert isinstance(refused("export", "run", "--format", form, "--output", "model"), UsageError)


def test_import_of_one_file_with_the_configuration_named(source: Path) -> None:
    shutil.copy(source / "step_7", "weights.pt")
    assert "all_config.yaml is missing" in str(refused("import-checkpoint", "weights.pt"))
    trm("import-checkpoint", "weights.pt", "--config", source / "all_config.yaml", "--num-puzzles", 3)
    assert locate(Path("runs/imported-1")).model().config.num_puzzles == 3


@needs_sudoku
def test_wrong_requests_get_a_sentence_and_leave_nothing(source: Path) -> None:
    for arguments, kind, sentence in (
        (("nowhere",), CheckpointError, "There is no checkpoint nowhere."),
        ((source, "--preset", "mini"), UsageError, "add --task"),
        ((source, "--task", "sudoku", "--set", "size=6"), CheckpointError, "task 'sudoku' as set has 36 and 8"),
        ((source, "--task", "sudokus"), UsageError, "Did you mean 'sudoku'?"),
    ):
        error = refused("import-checkpoint", *arguments, "--output", "run")
        assert isinstance(error, kind)
        assert sentence in str(error)
        assert not Path("run").exists()
    trm("import-checkpoint", source, "--output", "run")
    assert "is not empty" in str(refused("import-checkpoint", source, "--output", "run"))
    assert "--context-length" in str(refused("export", "run", "--format", "torch-export", "--output", "model"))
    official = ("export", "run", "--format", "official", "--output")
    assert "--steps is for onnx" in str(refused(*official, "out", "--steps", 2))
    trm(*official, "out")
    assert "has this checkpoint already" in str(refused(*official, "out"))
    assert "Import a checkpoint again with --task" in str(refused("evaluate", "run"))
