"""The model: the numbers of parameters, shapes, the seed programs, and what relational mixing promises."""

import pytest
import torch

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.errors import UsageError
from trm.model.losses import log_stablemax, step_loss
from trm.model.relational import RelationalMix
from trm.training.optimizers import orthogonalise

LATIN = Structure(
    grid=(3, 3),
    relations={"row": [0, 0, 0, 1, 1, 1, 2, 2, 2], "column": [0, 1, 2] * 3},
    interchangeable=[1, 2, 3],
)


ONE_PUZZLE = (torch.tensor([[1, 0, 0, 0, 2, 0, 0, 0, 3]]), torch.tensor([[1, 3, 2, 3, 2, 1, 2, 1, 3]]))


def latin_model(**settings: float) -> TinyRecursiveModel:
    torch.manual_seed(0)
    config = TRMConfig(
        vocab_size=4,
        context_length=9,
        hidden_dim=8,
        mixing="relational",
        structure=LATIN,
        mlp_multiple_of=8,
        T_steps=2,
        n_recursions=2,
        n_supervision=2,
        loss="softmax",
        **settings,
    )
    return TinyRecursiveModel(config)


@pytest.mark.parametrize(("use_attention", "count"), [(False, 5_028_866), (True, 6_828_034)])
def test_papers_sudoku_networks_have_the_papers_number_of_parameters(use_attention: bool, count: int) -> None:
    config = TRMConfig(vocab_size=11, context_length=81, num_puzzles=1, puzzle_tokens=16, use_attention=use_attention)
    assert TinyRecursiveModel(config).num_parameters() == count


@pytest.mark.parametrize("use_attention", [True, False])
def test_seed_program(use_attention: bool) -> None:
    config = TRMConfig(
        vocab_size=10,
        hidden_dim=32,
        num_layers=2,
        num_heads=4,
        context_length=12,
        n_recursions=2,
        T_steps=2,
        n_supervision=16,
        use_attention=use_attention,
        mlp_ratio=4.0,
        dropout=0.0,
    )
    model = TinyRecursiveModel(config)
    x = torch.randint(0, 10, (2, 12))
    outputs = model(x, x, n_supervision=16)
    outputs["loss"].backward()
    assert len(outputs["logits_list"]) == 16
    assert torch.isfinite(outputs["loss"])
    assert all(parameter.grad is not None for parameter in model.core.parameters())
    assert model.predict(x, n_supervision=16).shape == (2, 12)


def test_relational_model_is_equivariant_to_the_symbols_and_the_rows() -> None:
    model = latin_model()
    x = torch.randint(0, 4, (5, 9))
    logits = model(x)["logits_list"][-1]
    symbols = torch.tensor([0, 3, 1, 2])
    relabelled = model(symbols[x])["logits_list"][-1]
    torch.testing.assert_close(relabelled[..., symbols], logits)
    rows = torch.arange(9).view(3, 3)[[2, 0, 1]].flatten()
    torch.testing.assert_close(model(x[:, rows])["logits_list"][-1], logits[:, rows])


@pytest.mark.parametrize("gradients", [True, False])
def test_the_greatest_of_the_neighbours_parts_is_heard_and_nothing_from_outside(gradients: bool) -> None:
    torch.manual_seed(0)
    offsets = [(1, 0), (0, -1), (0, 1), (-1, 0), (2, 1)]
    mix = RelationalMix(4, Structure(grid=(3, 4), neighbours=offsets), "max")
    x = torch.randn(2, 3, 4, 4)
    heard = torch.zeros(2, 3, 4, len(offsets), 4)
    assert mix.neighbours is not None
    for number, (row, column) in enumerate(offsets):
        for i in range(3):
            for j in range(4):
                if 0 <= i + row < 3 and 0 <= j + column < 4:
                    heard[:, i, j, number] = x[:, i + row, j + column] @ mix.neighbours[number]
    with torch.set_grad_enabled(gradients):
        torch.testing.assert_close(mix(x.flatten(1, 2)), heard.amax(3).flatten(1, 2))


def test_the_halting_logit_weighs_as_much_as_the_configuration_says() -> None:
    logits, halting, labels = torch.randn(3, 5, 4), torch.randn(3), torch.randint(0, 4, (3, 5))
    loss = step_loss(logits, halting, labels, "softmax", halt_weight=0.02)
    torch.testing.assert_close(loss.total, loss.tokens + 0.02 * loss.halting)
    answers, whole = (latin_model(halt_loss_weight=weight)(*ONE_PUZZLE)["loss"] for weight in (0.0, 0.5))
    assert whole > answers


def test_wrong_shapes_and_tokens_are_named() -> None:
    model = latin_model()
    with pytest.raises(UsageError, match=r"\[batch, 9\], got \[2, 8\]"):
        model(torch.zeros(2, 8, dtype=torch.long))
    with pytest.raises(UsageError, match="The token 7 in row 0 is out of range: expected 0 to 3"):
        model(torch.full((2, 9), 7))


def test_stablemax_is_its_definition() -> None:
    logits = torch.tensor([[-3.0, 0.0, 2.0]])
    scores = torch.tensor([0.25, 1.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(log_stablemax(logits)[0], (scores / scores.sum()).log())


def test_orthogonalise_brings_singular_values_near_one_in_fp32() -> None:
    torch.manual_seed(0)
    result = orthogonalise(torch.randn(24, 16))
    assert result.dtype == torch.float32
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.5
    assert values.max() < 1.5
