"""`training.compile`: graphs are captured, and results, names, checkpoints and resuming stay what they are without it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from tests.support.small_run import SmallRun, same_bits
from trm import TinyRecursiveModel, TRMConfig
from trm.config import PuzzleStructure, Structure, TrainingConfig
from trm.devices import get_backend
from trm.experiment.speed.workload import Workloads
from trm.model import last
from trm.runs.locate import locate
from trm.training import compiling
from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Iterator[CompileCounter]:
    """Compiles with a backend that counts graphs and runs them as they are, in place of Inductor."""
    counting = CompileCounter()
    compiler = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda function, **options: compiler(function, **{"backend": counting, **options})
    )
    torch._dynamo.reset()
    yield counting
    torch._dynamo.reset()


def model(**settings: Any) -> TinyRecursiveModel:
    torch.manual_seed(0)
    settings = {"n_supervision": 2, "n_recursions": 1, "T_steps": 2, **settings}
    config = TRMConfig(vocab_size=4, context_length=5, hidden_dim=16, num_heads=2, mlp_multiple_of=16, **settings)
    return TinyRecursiveModel(config)


@pytest.mark.parametrize("settings", [{"mixing": "attention"}, {"mixing": "mlp"}, {"architecture": "hrm"}])
def test_compiling_captures_the_layers_whole_and_changes_no_result(
    counter: CompileCounter, settings: dict[str, Any]
) -> None:
    plain, compiled = model(**settings), model(**settings)
    names = list(compiled.state_dict())
    compiled.compile(fullgraph=True)
    inputs = torch.randint(0, 4, (3, 5))
    expected, found = (last(net.steps(inputs, net.initial_state(3))) for net in (plain, compiled))
    assert counter.frame_count > 0
    assert torch.equal(expected.output.logits, found.output.logits)
    assert list(compiled.state_dict()) == names


class Stop(Monitor):
    """Stops a training after seven steps."""

    def step(self, trainer: Any, progress: float) -> None:
        if trainer.step == 7:
            raise KeyboardInterrupt


def test_a_compiled_run_has_the_weights_of_one_that_is_not_and_resumes_to_them(
    counter: CompileCounter, tmp_path: Path
) -> None:
    plain = SmallRun(None, dropout=0.0, compile="off").fit()
    assert counter.frame_count == 0
    assert same_bits(plain, SmallRun(tmp_path / "whole", dropout=0.0, compile="on").fit())
    assert counter.frame_count > 0
    with pytest.raises(Interrupted):
        SmallRun(tmp_path / "parts", Stop(), dropout=0.0, compile="on").fit()
    assert same_bits(plain, SmallRun(tmp_path / "parts", dropout=0.0, compile="on").fit())
    names = locate(tmp_path / "whole").model().state_dict().keys()
    assert names == SmallRun(None).model.state_dict().keys()


def test_auto_compiles_where_the_backend_says_that_it_pays(
    counter: CompileCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    SmallRun(None, max_steps=2).fit()
    assert counter.frame_count == 0
    monkeypatch.setattr("trm.devices.cpu.CPUBackend.compiles", lambda self: True)
    SmallRun(None, max_steps=2).fit()
    assert counter.frame_count > 0


def test_auto_compiles_a_long_training_on_a_cpu(counter: CompileCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation between the steps runs the layers as they are: batches of another size compile nothing."""
    monkeypatch.setattr(compiling, "LONG_TRAINING", 1e3)
    run = SmallRun(None, max_steps=2, eval_interval=1)
    assert run.trainer.model.compiled
    run.fit()
    assert counter.frame_count == 2  # without and with gradients


def test_a_training_without_an_end_in_steps_is_not_compiled(counter: CompileCounter) -> None:
    run = SmallRun(None, max_steps=None, num_epochs=1)
    assert compiling.training_operations(run.model, run.config) == math.inf
    assert not run.model.compiled


def test_puzzles_of_different_sizes_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LONG_TRAINING", 1e3)
    structure = Structure(per_puzzle=PuzzleStructure(edges=["next"], max_edges=4))
    network = model(mixing="relational", positions="none", structure=structure)
    compiling.compile_network(network, TrainingConfig(max_steps=1000), get_backend("cpu"))
    assert not network.compiled


def test_without_a_compiler_a_long_training_says_so_and_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiling, "LONG_TRAINING", 1e3)

    def broken(graph: Any, inputs: Any) -> Any:
        raise RuntimeError("no C++ compiler\nand more")

    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: compiler(function, backend=broken))
    torch._dynamo.reset()
    run = SmallRun(None, max_steps=2)
    assert not run.model.compiled
    assert "torch.compile does not work here" in caplog.text
    assert "no C++ compiler" in caplog.text
    assert "and more" not in caplog.text
    run.fit()


@pytest.mark.parametrize("name", ["sudoku:hard", "maze:quick", "sudoku:grid", "arithmetic:quick"])
def test_the_operations_of_a_training_are_about_those_counted(name: str) -> None:
    work = Workloads().of(*name.split(":"))
    training = work.experiment.training
    assert training is not None
    assert training.max_steps is not None
    found = compiling.training_operations(TinyRecursiveModel(work.model), training)
    assert found == pytest.approx(work.step_flops * training.max_steps, rel=0.3)


@pytest.mark.slow
def test_compiled_steps_come_close_to_steps_as_written() -> None:
    """With the real code generator, in fp32."""
    assert compiling.compiler_problem() is None, "needs a C++ compiler"
    torch._dynamo.reset()
    settings = {"dropout": 0.0, "max_steps": 6, "precision": "fp32"}
    plain = SmallRun(None, compile="off", **settings).fit()
    compiled = SmallRun(None, compile="on", **settings).fit()
    for name, value in plain.items():
        torch.testing.assert_close(compiled[name], value, rtol=1e-3, atol=1e-4)
