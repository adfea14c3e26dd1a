"""A training step keeps to its device: it mixes in no tensors of the CPU, and its network does not wait for the device.

The meta device stands for an accelerator. Its tensors refuse operations with the CPU's, and have no values to wait for.
"""

from __future__ import annotations

import pytest
import torch

from trm.data.batch import Batch
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.training import Halting, Slots

MIXERS = {
    "relational": (),
    "attention": ("model.mixing=attention", "model.num_heads=4", "model.positions=rope", "model.puzzle_tokens=2"),
    "two axes": ("model.mixing=attention", "model.num_heads=4", "model.positions=rope2d"),
    "mlp": ("model.mixing=mlp", "model.positions=learned"),
    "grid": ("model.mixing=grid", "model.num_heads=4", "model.positions=grid"),
    "hrm": ("model.architecture=hrm", "model.mixing=attention", "model.num_heads=4"),
    "stablemax": ("model.loss=stablemax",),
}


@pytest.mark.parametrize("settings", MIXERS.values(), ids=MIXERS)
def test_a_step_keeps_to_its_device(settings: tuple[str, ...]) -> None:
    model = TinyRecursiveModel(Experiment.from_preset("sudoku", "mini", settings).expected_model()).to("meta")
    slots = Slots(model, 4, Halting(4, exploration=0.5, when_right=0.5), torch.Generator().manual_seed(0), noise=0.5)
    length = model.config.context_length
    inputs, labels = (torch.zeros(4, length, dtype=torch.long, device="meta") for _ in range(2))
    slots.batch = Batch(inputs, labels, torch.zeros(4, dtype=torch.long, device="meta"))
    _, loss = slots.step()
    loss.total.backward()
    torch.nn.utils.clip_grad_norm_(model.network_parameters(), 1.0)
    for tensor in [*slots.tensors().values(), *(parameter.grad for parameter in model.parameters())]:
        assert tensor is None or tensor.is_meta


def test_the_meta_device_refuses_what_an_accelerator_refuses() -> None:
    here, there = torch.zeros(3), torch.zeros(3, device="meta")
    with pytest.raises(RuntimeError, match="device meta"):
        here + there
    with pytest.raises(RuntimeError, match="meta"):
        bool(there.any())
