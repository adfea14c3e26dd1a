"""What a model refuses, with the expected and the actual value."""

from collections.abc import Callable

import pytest
import torch

from trm import TinyRecursiveModel, TRMConfig
from trm.data import Batch
from trm.devices import get_backend
from trm.errors import UsageError
from trm.evaluation import answer
from trm.evaluation.options import SearchOptions
from trm.evaluation.refine import Puzzle, refine

CPU = get_backend("cpu")
INPUTS = torch.tensor([[1, 2, 0], [0, 1, 2]])


def model(**settings: int) -> TinyRecursiveModel:
    small = {"vocab_size": 3, "context_length": 3, "hidden_dim": 8, "num_heads": 2, "n_recursions": 1, "T_steps": 1}
    return TinyRecursiveModel(TRMConfig(**{**small, "n_supervision": 2, **settings}))


NET = model(num_puzzles=4, puzzle_tokens=1)
IDS = torch.tensor([0, 3])
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "length": (lambda: NET(INPUTS[:, :2]), r"tokens of shape \[batch, 3\], got \[2, 2\]"),
    "dtype": (lambda: NET(INPUTS.float()), r"tokens of type torch\.int64, got torch\.float32"),
    "no tensor": (lambda: NET([[1, 2, 0]]), "tokens as a tensor of integers, got"),
    "token": (lambda: NET(INPUTS + 1), "The token 3 in row 0 is out of range: expected 0 to 2"),
    "label": (lambda: NET(INPUTS, INPUTS - 1), "The label -1 in row 0 is out of range: expected 0 to 2, or -100 for"),
    "label shape": (lambda: NET(INPUTS, INPUTS[:1]), r"labels of shape \[2, 3\], got \[1, 3\]"),
    "id": (lambda: NET(INPUTS, puzzle_ids=IDS + 1), "The puzzle id 4 in row 1 is out of range: expected 0 to 3"),
    "id shape": (lambda: NET.predict(INPUTS, puzzle_ids=IDS[:1]), r"puzzle ids of shape \[2\], got \[1\]"),
    "id dtype": (lambda: NET.predict(INPUTS, puzzle_ids=IDS.float()), "puzzle ids of type"),
    "no steps": (lambda: NET(INPUTS, n_supervision=0), "steps must be an integer of at least 1, got 0"),
    "steps below zero": (lambda: NET.predict(INPUTS, n_supervision=-1), "at least 1, got -1"),
    "steps in halves": (lambda: NET.steps(INPUTS, NET.initial_state(2), count=1.5), "at least 1, got 1.5"),
    "state of another batch": (
        lambda: NET.supervision_step(INPUTS, NET.initial_state(3)), r"answer of shape \[2, 4, 8\], got \[3, 4, 8\]"
    ),
    "no state": (lambda: NET.cycles(INPUTS, None), "expected a State"),
    "answer": (lambda: answer(NET, Batch(INPUTS, INPUTS - 1, IDS), 1, CPU), "The label -1 in row 0"),
    "answer without steps": (lambda: answer(NET, Batch(INPUTS, INPUTS, IDS), 0, CPU), "at least 1, got 0"),
    "refine": (lambda: refine(NET, Puzzle(INPUTS[0].numpy(), puzzle_id=4), 1, CPU), "The puzzle id 4 in row 0"),
    "refine length": (lambda: refine(NET, Puzzle(INPUTS[0, :2].numpy()), 1, CPU), r"got \[1, 2\]"),
    "refine dtype": (lambda: refine(NET, Puzzle(INPUTS[0].double().numpy()), 1, CPU), "must hold integers"),
    "refine without steps": (lambda: refine(NET, Puzzle(INPUTS[0].numpy()), 0, CPU), "at least 1, got 0"),
    "settings": (lambda: model(hidden_dim=0), r"TRMConfig\.hidden_dim: .*greater than or equal to 2, got 0"),
    "settings that contradict": (lambda: model(num_heads=3), "hidden_dim 8 is not a multiple of num_heads 3"),
    "search steps": (lambda: SearchOptions(steps=0), "steps must be an integer of at least 1, got 0"),
    "search answer": (lambda: SearchOptions(answer="best"), "answer must be last or surest, got 'best'"),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_what_was_expected(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        call()


def test_a_plain_optimizer_trains_puzzle_vectors() -> None:
    net = model(num_puzzles=4, puzzle_tokens=1)
    optimizer = torch.optim.AdamW(net.parameters())
    net(INPUTS, INPUTS, puzzle_ids=IDS)["loss"].backward()
    optimizer.step()
    assert net.embedding.puzzles is not None
    assert net.embedding.puzzles.weight[3].abs().sum() > 0
