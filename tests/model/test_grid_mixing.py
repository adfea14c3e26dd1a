"""Grid mixing: it is the attention that it claims to be, and is given row and column numbers and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.cli.main import main
from trm.errors import UsageError
from trm.model.grid import GridMix
from trm.model.mixer import build_mixer

WIDTH, HEADS = 8, 2
OPTIONS: list[dict[str, Any]] = [
    {"numbers": numbers, "reach": 2, "content": content}
    for numbers in ("pairs", "differences")
    for content in (False, True)
]


def config(grid: tuple[int, int] | None, symbols: int = 0, **changes: Any) -> TRMConfig:
    """A small model with grid mixing; tokens 1 to `symbols` are interchangeable."""
    structure = Structure(grid=grid, interchangeable=list(range(1, symbols + 1)))
    rows, columns = grid or (2, 3)
    defaults = {
        "vocab_size": 6, "context_length": rows * columns, "hidden_dim": WIDTH, "num_heads": HEADS, "mlp_multiple_of": 8,
        "T_steps": 1, "n_recursions": 1, "n_supervision": 2, "mixing": "grid", "structure": structure,
    }  # fmt: skip
    return TRMConfig(**{**defaults, **changes})


def mixer(grid: tuple[int, int], symbols: int = 0, **options: Any) -> GridMix:
    mix = build_mixer(config(grid, symbols, mixing_options=options))
    assert isinstance(mix, GridMix)
    return mix


def plainly(mix: GridMix, x: Tensor) -> Tensor:
    """The definition: for each puzzle, symbol and head, a softmax over all positions."""
    columns, depth = mix.grid[1], WIDTH // HEADS
    state = x if x.dim() == 4 else x[:, :, None]
    value = mix.value(state)
    asked = mix.query_key(state) if mix.query_key is not None else torch.zeros(*state.shape[:-1], 2 * WIDTH)
    result = torch.zeros_like(state)
    for head in range(HEADS):
        own = slice(head * depth, (head + 1) * depth)
        row, column = mix.rows()[head], mix.columns()[head]
        for i in range(state.shape[1]):
            scores = []
            for j in range(state.shape[1]):
                match = (asked[:, i, :, own] * asked[:, j, :, WIDTH:][..., own]).sum(-1) / depth**0.5
                place = row[i // columns, j // columns] + column[i % columns, j % columns]
                scores.append(match + place)
            weights = torch.stack(scores, dim=1).softmax(1)  # [B, L, S]
            result[:, i, :, own] = (weights[..., None] * value[..., own]).sum(1)
    mixed = mix.out(result)
    if mix.symbols is not None:
        mixed = mixed + mix.symbols(state.mean(2, keepdim=True))
    return mixed.view_as(x)


@settings(max_examples=30, deadline=None)
@given(
    grid=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    symbols=st.integers(0, 3),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 2**16),
)
def test_it_is_the_softmax_over_all_positions(
    grid: tuple[int, int], symbols: int, options: dict[str, Any], seed: int
) -> None:
    torch.manual_seed(seed)
    mix = mixer(grid, symbols, **options)
    shape = (2, grid[0] * grid[1], *([symbols] if symbols else []), WIDTH)
    x = torch.randn(shape)
    with torch.no_grad():
        torch.testing.assert_close(mix(x), plainly(mix, x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS)
@settings(max_examples=5, deadline=None)
@given(order=st.permutations([1, 2, 3, 4]), seed=st.integers(0, 2**16))
def test_renaming_the_symbols_renames_the_answer(options: dict[str, Any], order: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    model = TinyRecursiveModel(config((2, 3), 4, mixing_options=options))
    renamed = torch.tensor([0, *order, 5])
    inputs = torch.randint(0, 6, (2, 6))
    with torch.no_grad():
        logits, after = (model(tokens)["logits_list"][-1] for tokens in (inputs, renamed[inputs]))
    torch.testing.assert_close(after[..., renamed], logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_transposed_grid_is_one_with_the_two_axes_exchanged(options: dict[str, Any]) -> None:
    mix, turned = mixer((2, 3), **options), mixer((3, 2), **options)
    exchanged = {
        name.replace("rows", "?").replace("columns", "rows").replace("?", "columns"): tensor
        for name, tensor in mix.state_dict().items()
    }
    turned.load_state_dict(exchanged)
    x = torch.randn(1, 2, 3, WIDTH)
    expected = mix(x.flatten(1, 2)).view_as(x).transpose(1, 2).flatten(1, 2)
    torch.testing.assert_close(turned(x.transpose(1, 2).flatten(1, 2)), expected)


@pytest.mark.parametrize("options", OPTIONS)
def test_the_rules_of_the_task_are_not_read(options: dict[str, Any]) -> None:
    bare = config((2, 2), 2, mixing_options=options)
    rules = {"relations": {"diagonal": [0, 1, 1, 0]}, "alike": [["diagonal"]], "neighbours": [(1, 1)]}
    told = config((2, 2), 2, mixing_options=options, structure=bare.structure.model_copy(update=rules))
    assert told.structure.relations
    model, other = TinyRecursiveModel(bare), TinyRecursiveModel(told)
    other.load_state_dict(model.state_dict())
    inputs = torch.randint(0, 6, (3, 4))
    assert torch.equal(model(inputs)["logits_list"][-1], other(inputs)["logits_list"][-1])


def test_a_head_can_attend_to_a_row_a_box_or_a_neighbour() -> None:
    mix = mixer((4, 4))
    same_row = torch.eye(4)
    same_box = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2))
    with torch.no_grad():
        mix.rows.weight[0], mix.columns.weight[0] = 10 * same_row, 0
        mix.rows.weight[1], mix.columns.weight[1] = 10 * same_box, 10 * same_box
        mix.value.weight.copy_(torch.eye(WIDTH))
        mix.out.weight.copy_(torch.eye(WIDTH))
        x = torch.randn(1, 16, WIDTH)
        found = mix(x).view(4, 4, WIDTH)
    cells = x.view(4, 4, WIDTH)
    torch.testing.assert_close(found[1, 2, :4], cells[1, :, :4].mean(0))
    torch.testing.assert_close(found[1, 2, 4:], cells[:2, 2:, 4:].mean((0, 1)))


def test_scores_of_differences_fit_every_size_and_look_the_same_everywhere() -> None:
    small, large = mixer((3, 3), numbers="differences", reach=2), mixer((7, 5), numbers="differences", reach=2)
    large.load_state_dict(small.state_dict())
    scores = large.rows()
    assert torch.equal(scores[:, 0, 1], scores[:, 5, 6])
    assert torch.equal(scores[:, 0, 3], scores[:, 0, 6])  # both beyond the reach
    assert not torch.equal(scores[:, 0, 1], scores[:, 1, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"structure": Structure(), "context_length": 6}, "mixing 'grid' needs a task whose positions form a grid"),
        ({"context_length": 7}, "does not have 7 positions"),
        ({"num_heads": 3}, "hidden_dim 8 is not a multiple of num_heads 3"),
        ({"puzzle_tokens": 1, "num_puzzles": 2}, "mixing 'grid' has no prefix tokens"),
        ({"mixing_options": {"number": "pairs"}}, "has no option 'number'. Did you mean 'numbers'?"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        config((2, 3), **changes)


@pytest.mark.slow
def test_it_learns_4x4_sudoku_from_row_and_column_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("task.train_puzzles=1000", "task.test_puzzles=100", "training.eval_interval=500", "training.max_steps=300")
    sets = [part for value in ("model.mixing=grid", "model.num_heads=4", *small) for part in ("--set", value)]
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "train",
                "sudoku",
                "--preset",
                "mini",
                "--device",
                "cpu",
                "--json",
                "--output",
                str(tmp_path / "run"),
                *sets,
            ]
        )
    assert ended.value.code in (0, None)
    assert json.loads(capsys.readouterr().out)["final_metrics"]["exact_accuracy"] > 0.8
