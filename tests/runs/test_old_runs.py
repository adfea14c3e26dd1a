"""A run folder written by an earlier version loads, scores the same and resumes to the same weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import trm
from tests.support.paths import ROOT
from trm.cli.main import main
from trm.runs.locate import locate

FIXTURE = ROOT / "tests" / "fixtures" / "run_before_layers"
SUMMARY = json.loads((FIXTURE / "summary.json").read_text())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(FIXTURE, tmp_path / "run"))


def test_it_loads(run: Path) -> None:
    checkpoint = locate(run)
    assert (checkpoint.step, checkpoint.run.task, checkpoint.run.preset) == (60, "sudoku", "mini")
    assert checkpoint.model().num_parameters() == SUMMARY["parameters"]


def test_it_scores_the_same(run: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        score = trm.load(run, device="cpu").evaluate(answer="last")
    finally:
        torch.set_num_threads(threads)
    assert score.puzzles == 40
    # The summary was measured in fp32; on a CPU that multiplies bf16 an answer or two may differ.
    for name, value in SUMMARY["final_metrics"].items():
        assert score[name] == pytest.approx(value, abs=0.05), name


def test_it_resumes_to_the_same_weights(run: Path) -> None:
    """Bitwise on the processor that wrote the fixture; up to rounding on others."""
    shutil.rmtree(run / "checkpoints" / "step_60")
    (run / "latest").write_text("checkpoints/step_56\n")
    (run / "best").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["train", "--resume", str(run), "--quiet", "--threads", "1", "--device", "cpu"])
    assert not ended.value.code
    for name in ("model.safetensors", "ema.safetensors"):
        wanted = load_file(FIXTURE / "checkpoints" / "step_60" / name)
        found = load_file(run / "checkpoints" / "step_60" / name)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            torch.testing.assert_close(found[key], value, rtol=1e-3, atol=1e-4)
    resumed = json.loads((run / "summary.json").read_text())
    assert resumed["final_metrics"] == pytest.approx(SUMMARY["final_metrics"], abs=0.05)
