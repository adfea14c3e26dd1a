"""Test-time compute: which of a model's answers is taken, from a script of answers and from a real network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trm import TinyRecursiveModel, TRMConfig
from trm.data.batch import Batch
from trm.devices import get_backend
from trm.evaluation.row_pool import RowPool
from trm.evaluation.scoring import answer, evaluate
from trm.evaluation.search import Found, Search
from trm.model import State, StepOutput

CPU = get_backend("cpu")


@dataclass
class Script:
    """Stands in for a network: answers of one token and their halting logits, a list for each try, of one for each step."""

    tries: list[list[tuple[int, float]]]
    tried: int = -1
    taken: int = 0

    def initial_state(self, rows: int, noise: float, generator: torch.Generator) -> State:
        """Steps taken as the answer, the number of the try as the latent."""
        self.tried += 1
        return State(torch.zeros(rows, 1), torch.full((rows, 1), float(self.tried)))

    def supervision_step(self, inputs: torch.Tensor, state: State, ids: torch.Tensor) -> tuple[State, StepOutput]:
        script = [self.tries[int(tried)][int(step)] for step, tried in zip(*state, strict=True)]
        self.taken += len(script)
        logits = torch.nn.functional.one_hot(torch.tensor([[token] for token, _ in script]), 10).float()
        halts = torch.tensor([halt for _, halt in script])
        return State(state.answer + 1, state.latent), StepOutput(logits, halts, halts)


def found(model: Any, inputs: torch.Tensor, plan: Search, rows: int = 4) -> list[Found]:
    """The answers of a search to some puzzles, in their order."""
    pool: RowPool[int] = RowPool(model, plan, CPU, rows)
    for row, puzzle in enumerate(inputs):
        pool.add(
            row, puzzle.numpy(), int(puzzle[0]) if getattr(model, "config", None) and model.config.num_puzzles else 0
        )
    answers: dict[int, Found] = {}
    while pool.busy:
        answers |= pool.step()
    return [answers[row] for row in range(len(inputs))]


def chosen(script: Script, **plan: Any) -> int:
    """The token that a search takes from a script."""
    plan = {"steps": len(script.tries[0]), "restarts": len(script.tries), **plan}
    (answer,) = found(script, torch.zeros(1, 1, dtype=torch.long), Search(**plan, precision="fp32"))
    return int(answer.answer[0])


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


def test_a_try_ends_where_the_model_is_sure_enough() -> None:
    script = Script([[(3, 1.0), (4, 3.0), (5, -9.0)], [(6, -9.0), (7, -9.0), (8, -9.0)]])
    assert chosen(script, halt=0.9, restarts=1) == 4  # 0.73, 0.95
    assert script.taken == 2
    assert chosen(Script([[(3, 1.0), (4, 1.0), (5, -9.0)]]), halt=0.9) == 5
    both = Script([[(3, 9.0), (4, 9.0)], [(5, -9.0), (5, -9.0)]])
    assert chosen(both, halt=0.9) == 3  # one vote each, and more confidence
    assert both.taken == 3


def test_with_a_check_a_sure_but_invalid_try_gives_way_to_the_next() -> None:
    script = Script([[(3, 9.0), (7, 9.0)], [(4, -9.0), (7, -9.0)]])
    assert chosen(script, halt=0.5, check=lambda puzzle, tokens: tokens[0] == 7) == 7
    assert script.taken == 3


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


def network(seed: int, **extra: Any) -> tuple[TinyRecursiveModel, torch.Tensor]:
    """A random network whose answers change from step to step, and puzzles."""
    torch.manual_seed(seed)
    small = {"vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "n_recursions": 1, "T_steps": 1}
    config = TRMConfig(**{**small, **extra})
    model = TinyRecursiveModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return model, torch.randint(0, 5, (4, 6))


def as_batch(inputs: torch.Tensor) -> Batch:
    return Batch(inputs, inputs, torch.zeros(len(inputs), dtype=torch.long))


@given(seed=st.integers(0, 1000), steps=st.integers(1, 6))
@settings(max_examples=20)
def test_a_real_network_gives_what_its_steps_one_by_one_add_up_to(seed: int, steps: int) -> None:
    model, inputs = network(seed)
    votes: list[dict[tuple[int, ...], float]] = [defaultdict(float) for _ in inputs]
    for step in range(1, steps + 1):
        result = answer(model, as_batch(inputs), step, CPU, "fp32")
        for row, (tokens, halt) in enumerate(zip(result.predictions, result.halt_logits, strict=True)):
            votes[row][tuple(tokens.tolist())] += float(torch.sigmoid(halt))
    for row, chosen in enumerate(found(model, inputs, Search(steps, answer="surest", precision="fp32"))):
        assert votes[row][tuple(chosen.answer.tolist())] == pytest.approx(max(votes[row].values()), rel=1e-5)
    last = [chosen.answer for chosen in found(model, inputs, Search(steps, precision="fp32"))]
    np.testing.assert_array_equal(np.stack(last), result.predictions.numpy())


def test_restarts_repeat_by_seed() -> None:
    model, inputs = network(0)
    plan = Search(3, restarts=4, answer="surest", seed=5, precision="fp32")
    first, second = (found(model, inputs, plan) for _ in range(2))
    assert_same(first, second)
    assert [answer.steps for answer in first] == [12] * 4


def assert_same(first: list[Found], second: list[Found]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.answer, other.answer)
        assert one.halt_logit == pytest.approx(other.halt_logit, abs=1e-4)
        assert one.steps == other.steps


class Reversal:
    """An augmentation that reverses some puzzles."""

    def apply(self, rng: np.random.Generator, inputs: Any, labels: Any) -> tuple[Any, Any, Any]:
        token = rng.integers(2, size=len(inputs), dtype=bool)
        return self.invert(inputs, token), self.invert(labels, token), token

    def invert(self, predictions: Any, token: Any) -> Any:
        return np.where(token[:, None], predictions[:, ::-1], predictions)


def half(puzzle: Any, tokens: Any) -> bool:
    """A rule that some answers break."""
    return int(tokens.sum() + puzzle.sum()) % 3 == 0


PLANS = {
    "restarts with a check": {"restarts": 5, "check": half},
    "restarts": {"restarts": 3},
    "the surest of all steps": {"restarts": 2, "answer": "surest"},
    "votes": {"votes": 3, "augmentation": Reversal()},
    "pinning": {"restarts": 9, "check": half, "unknown_id": 1},
    "pinning with votes": {"votes": 2, "restarts": 4, "augmentation": Reversal(), "check": half, "unknown_id": 1},
    "votes, restarts and a check": {"votes": 2, "restarts": 2, "augmentation": Reversal(), "check": half},
}


NETWORKS: dict[str, dict[str, Any]] = {
    "a fixed length": {},
    "any length": {"context_length": 0},
    "puzzle vectors": {"num_puzzles": 5, "puzzle_tokens": 2},
    "the baseline": {"architecture": "hrm"},
    "a vector per symbol": {
        "mixing": "relational",
        "structure": {"interchangeable": (2, 3, 4), "relations": {"row": (0, 0, 0, 1, 1, 1)}},
    },
}


@pytest.mark.parametrize("kind", PLANS)
@pytest.mark.parametrize("architecture", NETWORKS)
def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(kind: str, architecture: str) -> None:
    """Before, the noise of a restart depended on the other puzzles that were not solved yet."""
    model, _ = network(3, **NETWORKS[architecture])
    inputs = torch.randint(0, 5, (23, 6), generator=torch.Generator().manual_seed(1))
    plan = Search(4, precision="fp32", **PLANS[kind])  # type: ignore[arg-type]
    together = found(model, inputs, plan, rows=8)
    alone = [found(model, inputs[row : row + 1], plan, rows=1)[0] for row in range(len(inputs))]
    assert_same(together, alone)
    assert_same(together, found(model, inputs.flip(0), plan, rows=5)[::-1])


@dataclass
class Counted:
    """A network that counts the rows of its steps."""

    model: TinyRecursiveModel
    rows: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def supervision_step(self, inputs: torch.Tensor, state: State, ids: torch.Tensor) -> tuple[State, StepOutput]:
        self.rows.append(len(inputs))
        return self.model.supervision_step(inputs, state, ids)


def test_free_rows_are_refilled_so_that_the_batch_stays_full() -> None:
    """Before, a batch with one hard puzzle ran with one row for all its restarts."""
    model = Counted(network(3)[0])
    inputs = torch.randint(0, 5, (60, 6), generator=torch.Generator().manual_seed(2))
    answers = found(model, inputs, Search(4, restarts=3, check=half, precision="fp32"), rows=8)
    assert len({answer.steps for answer in answers}) > 3
    full = [rows == 8 for rows in model.rows]
    assert full == sorted(full, reverse=True)  # smaller only when no puzzle waits any more
    assert sum(model.rows) == sum(answer.steps for answer in answers)
    assert sum(full) > 0.7 * len(full)


def test_an_evaluation_refills_rows_across_batches_and_keeps_the_order_of_its_puzzles() -> None:
    model = Counted(network(3)[0])
    model.model.train()
    inputs = torch.randint(0, 5, (60, 6), generator=torch.Generator().manual_seed(2))
    plan = Search(4, restarts=3, check=half, precision="fp32")
    seen = Recorder()
    counts: list[int] = []
    batches = [as_batch(inputs[start : start + 8]) for start in range(0, 60, 8)]
    evaluate(model, batches, {"seen": seen}, CPU, counts.append, plan)  # type: ignore[arg-type, dict-item]
    assert sum(counts) == 60
    assert model.rows[0] == 8
    assert max(model.rows) == 8
    np.testing.assert_array_equal(np.concatenate(seen.inputs), inputs.numpy())
    model.model.eval()
    expected = found(model.model, inputs, plan)
    np.testing.assert_array_equal(np.concatenate(seen.predictions), np.stack([answer.answer for answer in expected]))
    assert sum(model.rows) == sum(answer.steps for answer in expected)


class Recorder:
    """A metric that keeps what it is given."""

    needs = ("inputs", "predictions")

    def reset(self) -> None:
        self.inputs: list[Any] = []
        self.predictions: list[Any] = []

    def update(self, batch: Any) -> None:
        self.inputs.append(batch["inputs"])
        self.predictions.append(batch["predictions"])

    def compute(self) -> float:
        return 0.0


def test_a_puzzle_is_returned_after_its_turns_and_resumed_with_the_next_attempt() -> None:
    script = Script([[(3, 0.0)], [(4, 1.0)], [(5, 0.0)]])
    plan = Search(steps=1, restarts=3, check=lambda puzzle, answer: bool(answer[0] == 5), precision="fp32")
    pool: RowPool[str] = RowPool(script, plan, CPU, 4)  # type: ignore[arg-type]
    pool.add("puzzle", np.zeros(1, np.int64), turns=1)
    taken = []
    while pool.busy:
        ((key, found),) = pool.step()
        taken.append((int(found.answer[0]), found.steps))
        if key in pool.paused:
            pool.resume(key)
    assert taken == [(3, 1), (4, 2), (5, 3)]
    assert not pool.paused


@pytest.mark.parametrize("rows", [1, 2, 8])
def test_attempts_side_by_side_give_the_answer_of_those_that_follow_one_another(rows: int) -> None:
    wrong, late, early = [(3, 0.0)] * 3, [(3, 0.0), (3, 0.0), (7, 0.0)], [(8, 0.0)] * 3
    plan = Search(
        steps=3, restarts=5, check=lambda puzzle, answer: bool(answer[0] > 6), precision="fp32"
    )  # the fourth attempt is valid before the third one
    script = Script([wrong, wrong, late, early, wrong])
    (answer,) = found(script, torch.zeros(1, 1, dtype=torch.long), plan, rows)
    assert (int(answer.answer[0]), answer.steps) == (7, 9)
    assert script.taken == 9 + (rows > 1), "the fourth attempt has the row until it is done"
