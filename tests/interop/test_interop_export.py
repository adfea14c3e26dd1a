"""Exports with a fixed number of supervision steps: they give the model's answers, at any batch size, without this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.errors import TRMError, UsageError
from trm.interop.fixed_steps import FixedSteps
from trm.interop.onnx import check_onnx, export_onnx
from trm.interop.torch_export import export_torch

STRUCTURE = Structure(
    grid=(2, 3), relations={"row": [0, 0, 0, 1, 1, 1]}, neighbours=[(0, 1)], interchangeable=[2, 3, 4]
)
VARIANTS: dict[str, dict[str, Any]] = {
    "attention": {"num_puzzles": 3, "puzzle_tokens": 2},
    "mixer": {"mixing": "mlp", "num_puzzles": 1, "puzzle_tokens": 1},
    "hrm": {"architecture": "hrm", "num_layers_high": 2, "positions": "learned"},
    "relational": {"mixing": "relational", "structure": STRUCTURE, "activation": "relu"},
    "grid": {"mixing": "grid", "structure": STRUCTURE},
}
STEPS = 3
FIRST_IS_FAST = [
    name if index == 0 else pytest.param(name, marks=pytest.mark.slow) for index, name in enumerate(VARIANTS)
]


def build(variant: str) -> TinyRecursiveModel:
    torch.manual_seed(1)
    settings: dict[str, Any] = {
        "vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "num_layers": 1, "n_recursions": 2,
        "T_steps": 2, "n_supervision": 5, "mlp_multiple_of": 8,
    }  # fmt: skip
    model = TinyRecursiveModel(TRMConfig(**{**settings, **VARIANTS[variant]}))
    torch.nn.init.normal_(model.halt_head.linear.weight)
    return model.eval()


def arguments(model: TinyRecursiveModel, batch: int) -> tuple[Tensor, ...]:
    tokens = torch.randint(model.config.vocab_size, (batch, model.config.context_length))
    ids = torch.randint(max(model.config.num_puzzles, 1), (batch,))
    return (tokens, ids) if model.config.num_puzzles else (tokens,)


@torch.no_grad()
def answers(model: TinyRecursiveModel, given: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    outputs = model(given[0], n_supervision=STEPS, puzzle_ids=given[1] if len(given) > 1 else None)
    return outputs["logits_list"][-1], outputs["halt_logits_list"][-1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_fixed_steps_are_the_models(variant: str) -> None:
    model = build(variant)
    given = arguments(model, 4)
    with torch.no_grad():
        torch.testing.assert_close(FixedSteps(model, STEPS)(*given), answers(model, given))


@pytest.mark.parametrize("variant", FIRST_IS_FAST)
def test_torch_export_gives_the_models_answers(tmp_path: Path, variant: str) -> None:
    model = build(variant)
    path = export_torch(model, tmp_path / "model.pt2", STEPS)
    program = torch.export.load(path).module()
    for batch in (1, 5):
        given = arguments(model, batch)
        with torch.no_grad():
            torch.testing.assert_close(tuple(program(*given)), answers(model, given))


@pytest.mark.parametrize("variant", FIRST_IS_FAST)
def test_onnx_gives_the_models_answers(tmp_path: Path, variant: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = build(variant)
    path = export_onnx(model, tmp_path / "model.onnx", STEPS)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    assert names == ["inputs", "puzzle_ids"][: len(names)]
    assert [entry.name for entry in session.get_outputs()] == ["logits", "halt_logits"]
    for batch in (1, 5):
        given = arguments(model, batch)
        found = session.run(None, dict(zip(names, (value.numpy() for value in given), strict=True)))
        for ours, theirs in zip(answers(model, given), found, strict=True):
            np.testing.assert_allclose(theirs, ours.numpy(), rtol=1e-4, atol=1e-5)
    assert check_onnx(model, path, STEPS) == pytest.approx(0, abs=1e-5)
    other = build(variant)
    torch.nn.init.zeros_(next(other.head.parameters()))
    difference = check_onnx(other, path, STEPS)
    assert difference is not None
    assert difference > 0.1


@pytest.mark.slow
def test_torch_export_runs_without_this_package(tmp_path: Path) -> None:
    model = build("mixer")
    path = export_torch(model, tmp_path / "model.pt2", STEPS)
    program = (
        "import sys, torch\nprogram = torch.export.load(sys.argv[1]).module()\n"
        "print(program(torch.zeros(1, 6).long(), torch.zeros(1).long())[0].argmax(-1).tolist())\n"
        "assert not any(name == 'trm' or name.startswith('trm.') for name in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    wanted, _ = answers(model, (torch.zeros(1, 6).long(), torch.zeros(1).long()))
    assert result.stdout.strip() == str(wanted.argmax(-1).tolist())


def test_exports_that_cannot_be_made_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    any_length = TinyRecursiveModel(build("attention").config.model_copy(update={"context_length": 0}))
    with pytest.raises(UsageError, match="Import the checkpoint with --context-length"):
        export_torch(any_length, tmp_path / "model.pt2")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(TRMError, match=r"needs onnx: pip install 'trm\[onnx\]'"):
        export_onnx(build("mixer"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    monkeypatch.undo()
    with pytest.raises(TRMError, match="Cannot write"):
        export_torch(build("mixer"), tmp_path / "file" / "model.pt2", 1)
