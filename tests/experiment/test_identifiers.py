"""Puzzle vectors belong to names: data whose puzzle ids have other names is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from trm.cli.main import main
from trm.config import TRMConfig
from trm.experiment.identifiers import ablate
from trm.model import TinyRecursiveModel

pytest.importorskip("trm_tasks_sudoku")

MODEL = {"mixing": "attention", "num_heads": 2, "hidden_dim": 8, "puzzle_tokens": 1, "n_supervision": 1}


def arrays(folder: Path, *names: str) -> Path:
    """A folder of 9x9 puzzles with one id for each name."""
    rng = np.random.default_rng(0)
    facts = {"pad_id": 0, "ignore_label_id": None, "blank_identifier_id": 0, "vocab_size": 11, "seq_len": 81}
    counts = {
        "num_puzzle_identifiers": len(names) + 1,
        "total_groups": 8,
        "mean_puzzle_examples": 1,
        "total_puzzles": 8,
    }
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        for name in ("inputs", "labels"):
            np.save(folder / split / f"all__{name}.npy", rng.integers(2, 11, (8, 81)).astype(np.uint8))
        ids = rng.integers(1, len(names) + 1, 8).astype(np.int32)
        np.save(folder / split / "all__puzzle_identifiers.npy", ids)
        for name in ("puzzle", "group"):
            np.save(folder / split / f"all__{name}_indices.npy", np.arange(9, dtype=np.int32))
        (folder / split / "dataset.json").write_text(json.dumps({**facts, **counts, "sets": ["all"]}))
    (folder / "identifiers.json").write_text(json.dumps(["<blank>", *names]))
    return folder


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(str(ended.value.code))


def train(data: Path, output: Path, *more: object) -> int:
    sets = [part for name, value in MODEL.items() for part in ("--set", f"model.{name}={value}")]
    steps = ["--set", "training.max_steps=2", "--set", "training.batch_size=4", "--device", "cpu"]
    return command("train", "sudoku", "--quiet", "--data", data, "--output", output, *sets, *steps, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ids")
    arrays(folder / "a", "plus1", "plus2", "plus3")
    arrays(folder / "b", "plus3", "plus1", "plus2")
    arrays(folder / "same", "plus1", "plus2", "plus3")
    assert train(folder / "a", folder / "run") == 0
    return folder


def test_other_names_are_refused(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    message = f"Puzzle id 1 is 'plus3' in this data, but 'plus1' in the training data of {folder / 'run'}"
    assert command("evaluate", folder / "run", "--data", folder / "b", "--device", "cpu") == 2
    assert message in capsys.readouterr().err
    assert train(folder / "b", tmp_path / "new", "--init", folder / "run") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_same_names_are_accepted(folder: Path, tmp_path: Path) -> None:
    assert command("evaluate", folder / "run", "--data", folder / "same", "--device", "cpu") == 0
    assert train(folder / "same", tmp_path / "new", "--init", folder / "run") == 0


def test_names_that_cannot_be_compared_are_mentioned(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    arrays(tmp_path / "gone", "plus1", "plus2", "plus3")
    assert train(tmp_path / "gone", tmp_path / "run") == 0
    (tmp_path / "gone").rename(tmp_path / "moved")
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / "moved", "--device", "cpu") == 0
    assert "cannot compare the names of the puzzle ids with those in training" in capsys.readouterr().err


def test_imported_weights_say_that_they_have_no_names(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder / "run", tmp_path / "imported")
    config = json.loads((tmp_path / "imported" / "config.json").read_text())
    (tmp_path / "imported" / "config.json").write_text(json.dumps({**config, "training": None}))
    assert command("evaluate", tmp_path / "imported", "--data", folder / "b", "--device", "cpu") == 0
    message = " ".join(capsys.readouterr().err.split())
    assert "imported has no names for its puzzle ids" in message
    assert "where id 1 is 'plus3'" in message
    arrays(tmp_path / "unnamed", "a", "b", "c")
    (tmp_path / "unnamed" / "identifiers.json").unlink()
    assert command("evaluate", tmp_path / "imported", "--data", tmp_path / "unnamed", "--device", "cpu") == 0
    assert "names" not in capsys.readouterr().err


def test_puzzle_ids_can_be_ablated(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    for how in ("blank", "random"):
        arguments = ["--device", "cpu", "--puzzle-ids", how, "--json"]
        assert command("evaluate", folder / "run", *arguments) == 0
        assert json.loads(capsys.readouterr().out)["puzzle_ids"] == how
    assert command("evaluate", folder / "run", "--device", "cpu", "--puzzle-ids", "blank") == 0
    assert ", blank puzzle ids, " in " ".join(capsys.readouterr().out.split())
    assert command("evaluate", "sudoku", "--limit", 2, "--puzzle-ids", "blank") == 2
    assert "The model has no puzzle vectors: omit --puzzle-ids." in capsys.readouterr().err


def test_what_an_ablation_does() -> None:
    config = TRMConfig(
        vocab_size=4, context_length=3, hidden_dim=4, num_heads=1, mlp_multiple_of=4, num_puzzles=6, puzzle_tokens=1
    )
    rows = {}
    for how in ("blank", "random"):
        model = TinyRecursiveModel(config)
        assert model.embedding.puzzles is not None
        with torch.no_grad():
            model.embedding.puzzles.weight.copy_(torch.arange(6.0)[:, None].expand(6, 4))
        ablate(model, how)
        rows[how] = model.embedding.puzzles.weight[:, 0].tolist()
    assert rows["blank"] == [0] * 6
    assert rows["random"][0] == 0
    assert sorted(rows["random"]) == [0, 1, 2, 3, 4, 5]
    assert rows["random"] != [0, 1, 2, 3, 4, 5]
