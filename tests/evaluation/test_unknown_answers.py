"""Puzzles with unknown answers are not scored, not drawn with a target, and teach nothing."""

import numpy as np
import pytest
import torch

from trm import TinyRecursiveModel, TRMConfig
from trm.data import IGNORED, Batch
from trm.devices import get_backend
from trm.errors import DataError
from trm.evaluation import CellAccuracy, ExactAccuracy, Share
from trm.evaluation.refine import Puzzle
from trm.evaluation.scoring import evaluate
from trm.evaluation.search import Search

CPU = get_backend("cpu")
INPUTS = torch.tensor([[1, 2, 0], [0, 1, 2], [2, 2, 1]])
UNKNOWN = torch.full((1, 3), IGNORED)


class Rows(Share):
    """A task's own metric: the number of puzzles that it is given."""

    def count(self, batch: object) -> tuple[int, int]:
        return len(batch["labels"]), 1  # type: ignore[index]


def net() -> TinyRecursiveModel:
    torch.manual_seed(0)
    return TinyRecursiveModel(
        TRMConfig(vocab_size=3, context_length=3, hidden_dim=8, num_heads=2, n_recursions=1, T_steps=1, n_supervision=1)
    )


def scores(labels: torch.Tensor, plan: Search | None = None) -> dict[str, float]:
    batch = Batch(INPUTS, labels, torch.zeros(3, dtype=torch.long))
    metrics = {"cell": CellAccuracy(), "exact": ExactAccuracy(), "rows": Rows()}
    return evaluate(net(), [batch], metrics, CPU, plan=plan)


@pytest.mark.parametrize("plan", [None, Search(1, restarts=2)])
def test_puzzles_with_unknown_answers_count_in_no_metric(plan: Search | None) -> None:
    right = net().predict(INPUTS)
    wrong = (right + 1) % 3
    labels = torch.cat([UNKNOWN, right[1:2], wrong[2:]])
    assert scores(labels) == {"cell": 0.5, "exact": 0.5, "rows": 2}
    assert scores(UNKNOWN.repeat(3, 1), plan) == {}


def test_an_empty_test_set_is_an_error() -> None:
    with pytest.raises(DataError, match="the test set is empty"):
        evaluate(net(), [], {"exact": ExactAccuracy()}, CPU)


def test_a_metric_by_itself_does_not_count_them_as_right() -> None:
    metric = ExactAccuracy()
    metric.update({"labels": UNKNOWN.numpy(), "predictions": INPUTS[:1].numpy()})
    assert (metric.hits, metric.total) == (0, 0)


def test_an_unknown_answer_is_not_drawn() -> None:
    puzzle = Puzzle(INPUTS[0].numpy(), UNKNOWN[0].numpy())
    assert puzzle.labels is None
    assert puzzle.target is None
    assert puzzle.complete(np.array([0, 0, 0])).tolist() == [0, 0, 0]
