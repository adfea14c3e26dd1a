"""`training.compile`: graphs are captured, and results, names, checkpoints and resuming stay what they are without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from tests.support.small_run import SmallRun, same_bits
from trm import TinyRecursiveModel, TRMConfig
from trm.model import last
from trm.runs.locate import locate
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
