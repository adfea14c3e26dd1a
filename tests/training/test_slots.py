"""Slots at the end of their supervision steps: they halt, or go on from where they are."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.small_run import SmallRun, same_bits
from trm import TinyRecursiveModel, TRMConfig
from trm.data import Batch
from trm.training.slots import Halting, Slots

ROWS = 64


def slots(halting: Halting, seed: int = 0) -> Slots:
    """Slots with puzzles, whose model never wants to halt."""
    torch.manual_seed(0)
    config = TRMConfig(
        vocab_size=4, context_length=3, hidden_dim=16, num_heads=2, mixing="mlp", n_recursions=1, T_steps=1
    )
    model = TinyRecursiveModel(config)
    torch.nn.init.constant_(model.halt_head.linear.bias, -100.0)
    made = Slots(model, ROWS, halting, torch.Generator().manual_seed(seed))
    puzzles = torch.randint(0, 4, (ROWS, 3))
    made.refill(Batch(puzzles, puzzles, torch.zeros(ROWS, dtype=torch.long)))
    made.halted = torch.zeros(ROWS, dtype=torch.bool)
    return made


def lengths(halting: Halting, steps: int) -> list[int]:
    """After how many steps each slot halts first; `steps` + 1 if it does not."""
    running, found = slots(halting), [steps + 1] * ROWS
    for step in range(1, steps + 1):
        running.step()
        for row in running.halted.nonzero().flatten().tolist():
            found[row] = min(found[row], step)
    return found


def test_without_late_states_all_slots_halt_at_the_maximum() -> None:
    assert set(lengths(Halting(3), 4)) == {3}


def test_late_states_let_a_share_of_the_slots_go_on_for_as_many_steps_again() -> None:
    found = lengths(Halting(3, late_states=0.5), 12)
    assert set(found) <= {3, 6, 9, 12, 13}
    assert 0.3 < sum(length > 3 for length in found) / ROWS < 0.7
    assert any(length > 6 for length in found)


def test_a_slot_that_goes_on_keeps_its_puzzle_and_its_state() -> None:
    running = slots(Halting(1, late_states=0.5))
    before = running.batch.inputs.clone()
    running.step()
    kept = ~running.halted
    state = running.state.answer.clone()
    count = int(running.halted.sum())
    fresh = torch.full((count, 3), 2)
    running.refill(Batch(fresh, fresh, torch.zeros(count, dtype=torch.long)))
    assert torch.equal(running.batch.inputs[kept], before[kept])
    assert torch.equal(running.state.answer[kept], state[kept])
    assert running.steps[kept].eq(1).all()
    assert running.steps[~kept].eq(0).all()


@settings(max_examples=20)
@given(st.integers(1, 4), st.floats(0.0, 0.9))
def test_slots_halt_at_multiples_of_the_maximum_only(maximum: int, late_states: float) -> None:
    for length in lengths(Halting(maximum, late_states=late_states), 2 * maximum):
        assert length % maximum == 0 or length > 2 * maximum


def test_a_training_with_late_states_is_repeatable() -> None:
    options = {"late_states": 0.5, "max_steps": 12, "dropout": 0.0}
    first, again = (SmallRun(None, **options).fit() for _ in range(2))
    assert same_bits(first, again)
    assert not same_bits(first, SmallRun(None, **{**options, "late_states": 0.0}).fit())
