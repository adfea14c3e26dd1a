"""Test-time compute: which of a model's answers is taken, from a script of answers and from a real network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trm import TinyRecursiveModel, TRMConfig
from trm.data.batch import Batch
from trm.devices import get_backend
from trm.evaluation.scoring import answer
from trm.evaluation.search import Search, search
from trm.model import State, StepOutput

CPU = get_backend("cpu")


@dataclass
class Script:
    """Stands in for a network: answers of one token and their halting logits, a list for each try, of one for each step."""

    tries: list[list[tuple[int, float]]]
    tried: int = -1
    taken: int = 0

    steps = TinyRecursiveModel.steps

    def initial_state(self, rows: int, noise: float, generator: torch.Generator) -> State:
        self.tried += 1
        return State(torch.zeros(rows, 1), torch.zeros(rows, 1))

    def supervision_step(self, inputs: torch.Tensor, state: State, ids: torch.Tensor) -> tuple[State, StepOutput]:
        token, halt = self.tries[self.tried][int(state.answer[0, 0])]
        self.taken += 1
        logits = torch.nn.functional.one_hot(torch.full((len(inputs), 1), token), 10).float()
        halts = torch.full((len(inputs),), halt)
        return State(state.answer + 1, state.latent), StepOutput(logits, halts, halts)


def chosen(script: Script, **plan: Any) -> int:
    """The token that a search takes from a script."""
    batch = Batch(torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1, dtype=torch.long), torch.zeros(1).long())
    plan = {"steps": len(script.tries[0]), "restarts": len(script.tries), **plan}
    model: Any = script
    return int(search(model, batch, Search(**plan, precision="fp32"), CPU).predictions[0, 0])


def test_the_last_answer_is_taken_whatever_came_before() -> None:
    assert chosen(Script([[(3, 9.0), (3, 9.0), (4, -9.0)]])) == 4


def test_the_surest_answer_is_the_one_with_the_most_confidence_over_all_steps() -> None:
    assert chosen(Script([[(3, 0.0), (4, 1.0), (3, 0.5), (5, -9.0)]]), answer="surest") == 3  # 0.50 + 0.62 > 0.73
    assert chosen(Script([[(3, -2.0), (4, 1.0), (3, -2.0), (5, -9.0)]]), answer="surest") == 4  # 0.12 + 0.12 < 0.73


def test_tries_are_counted_and_the_halting_logit_decides_between_equals() -> None:
    assert chosen(Script([[(3, 0.0)], [(4, 5.0)], [(3, 0.0)]])) == 3
    assert chosen(Script([[(3, 0.0)], [(4, 5.0)]])) == 4


@pytest.mark.parametrize("kind", ["last", "surest"])
def test_a_valid_answer_ends_the_search_and_is_taken(kind: str) -> None:
    script = Script([[(3, 9.0), (3, 9.0)], [(7, -9.0), (3, 9.0)], [(3, 9.0), (3, 9.0)]])
    assert chosen(script, answer=kind, check=lambda puzzle, tokens: tokens[0] == 7) == 7
    assert script.taken == 3  # two of the first try, one of the second


def test_no_answer_is_lost_where_none_is_valid() -> None:
    script = Script([[(3, 0.0), (4, 0.0)], [(5, 0.0), (4, 0.0)]])
    assert chosen(script, check=lambda puzzle, tokens: False) == 4


def test_predictions_are_completed_before_they_are_counted_and_checked() -> None:
    """Else noise at positions that are not scored splits the votes and fails the check."""
    parity = {"complete": lambda puzzles, predictions: predictions % 2}
    assert chosen(Script([[(3, 0.0)], [(2, 5.0)], [(5, 0.0)]]), **parity) == 1
    asked = Script([[(3, 0.0)], [(2, 0.0)]])
    assert chosen(asked, **parity, check=lambda puzzle, answer: answer[0] == 1) == 1
    assert asked.tried == 0


def network(seed: int) -> tuple[TinyRecursiveModel, Batch]:
    """A random network whose answers change from step to step, and puzzles."""
    torch.manual_seed(seed)
    config = TRMConfig(vocab_size=5, context_length=6, hidden_dim=8, num_heads=2, n_recursions=1, T_steps=1)
    model = TinyRecursiveModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    inputs = torch.randint(0, 5, (4, 6))
    return model, Batch(inputs, inputs, torch.zeros(4, dtype=torch.long))


@given(seed=st.integers(0, 1000), steps=st.integers(1, 6))
@settings(max_examples=20)
def test_a_real_network_gives_what_its_steps_one_by_one_add_up_to(seed: int, steps: int) -> None:
    model, batch = network(seed)
    votes: list[dict[tuple[int, ...], float]] = [defaultdict(float) for _ in range(len(batch))]
    for step in range(1, steps + 1):
        result = answer(model, batch, step, CPU, "fp32")
        for row, (tokens, halt) in enumerate(zip(result.predictions, result.halt_logits, strict=True)):
            votes[row][tuple(tokens.tolist())] += float(torch.sigmoid(halt))
    surest = search(model, batch, Search(steps, answer="surest", precision="fp32"), CPU).predictions
    for row, tokens in enumerate(surest):
        assert votes[row][tuple(tokens.tolist())] == pytest.approx(max(votes[row].values()), rel=1e-5)
    last = search(model, batch, Search(steps, precision="fp32"), CPU).predictions
    np.testing.assert_array_equal(last, result.predictions.numpy())


def test_restarts_repeat_by_seed() -> None:
    model, batch = network(0)
    plan = Search(3, restarts=4, answer="surest", seed=5, precision="fp32")
    first, second = (search(model, batch, plan, CPU) for _ in range(2))
    np.testing.assert_array_equal(first.predictions, second.predictions)
    np.testing.assert_array_equal(first.halt_logits, second.halt_logits)
    assert first.steps.tolist() == [12] * 4
