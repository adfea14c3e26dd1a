"""The loop over supervision steps: its results and its gradients."""

from __future__ import annotations

import pytest
import torch

from trm import TinyRecursiveModel, TRMConfig
from trm.model import State


def model(architecture: str = "trm") -> TinyRecursiveModel:
    torch.manual_seed(0)
    config = TRMConfig(
        architecture=architecture,
        vocab_size=5,
        context_length=6,
        hidden_dim=16,
        num_heads=2,
        mlp_multiple_of=16,
        n_recursions=2,
        T_steps=3,
        n_supervision=4,
        num_puzzles=3,
        puzzle_tokens=1,
    )
    return TinyRecursiveModel(config)


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(24).reshape(4, 6) % 5, torch.tensor([0, 1, 2, 1])


def test_steps_are_supervision_steps_in_a_row() -> None:
    net, (inputs, ids) = model(), batch()
    state = net.initial_state(4)
    steps = list(net.steps(inputs, state, ids, 3))
    assert len(steps) == 3
    assert len(list(net.steps(inputs, state, ids))) == 4
    for result in steps:
        state, output = net.supervision_step(inputs, state, ids)
        assert torch.equal(result.state.answer, state.answer)
        assert torch.equal(result.output.logits, output.logits)
        assert not result.state.latent.requires_grad
        assert result.output.logits.requires_grad


def test_every_last_cycle_is_a_step() -> None:
    net, (inputs, ids) = model(), batch()
    cycles = list(net.cycles(inputs, net.initial_state(4), ids, 2))
    steps = list(net.steps(inputs, net.initial_state(4), ids, 2))
    assert len(cycles) == 6
    for cycle, step in zip(cycles[2::3], steps, strict=True):
        assert torch.equal(cycle.output.logits, step.output.logits)


@pytest.mark.parametrize("architecture", ["trm", "hrm"])
def test_the_consumer_of_cycles_keeps_its_own_gradient_mode(architecture: str) -> None:
    net, (inputs, _) = model(architecture), batch()
    x, context = net.given(inputs)
    start = State(*(part.expand_as(x) for part in net.initial_state(4)))
    modes = [torch.is_grad_enabled() for _ in net.core.cycles(x, start, context)]
    assert modes == [True] * 3
    with torch.no_grad():
        modes = [torch.is_grad_enabled() for _ in net.core.cycles(x, start, context)]
    assert modes == [False] * 3
