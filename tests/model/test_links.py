"""What models compute from the structure of each puzzle's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.support.graph_puzzles import EVERYTHING, VOCABULARY, described, graphs, permuted
from trm import PuzzleStructure, Structure, TinyRecursiveModel, TRMConfig
from trm.data import Description, Edge, Graph, Group
from trm.errors import UsageError
from trm.model import StepOutput, last
from trm.model.links import kinds, links, read_structure

CASES = [("relational", ()), ("relational", (1, 2, 3)), ("attention", ())]
SMALL = {
    "vocab_size": VOCABULARY, "hidden_dim": 16, "num_heads": 2, "positions": "none", "n_recursions": 2, "T_steps": 1,
    "mlp_multiple_of": 8,
}  # fmt: skip


def network(description: Description, mixing: str) -> TinyRecursiveModel:
    """A model whose halting head and biases are not at their initial zeros, which would hide mistakes."""
    torch.manual_seed(0)
    settings_ = SMALL | {"context_length": description.seq_len, "structure": description.structure, "mixing": mixing}
    model = TinyRecursiveModel(TRMConfig(**settings_)).eval()
    for name, parameter in model.named_parameters():
        if "halt" in name or "bias" in name:
            parameter.data.normal_(std=0.3)
    return model


@torch.no_grad()
def output(model: TinyRecursiveModel, row: np.ndarray) -> StepOutput:
    """The outputs after two steps on one puzzle."""
    inputs = torch.from_numpy(row)[None]
    return last(model.steps(inputs, model.initial_state(1), count=2)).output


def close(one: Tensor, other: Tensor) -> bool:
    return bool(torch.allclose(one, other, rtol=1e-5, atol=1e-5))


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), data=st.data())
@pytest.mark.parametrize(("mixing", "symbols"), CASES)
def test_more_padding_changes_nothing(mixing: str, symbols: tuple[int, ...], graph: Graph, data: st.DataObject) -> None:
    room = {"max_edges": 11, "max_groups": 7, "max_members": 21}
    small, large = described(6, symbols=symbols), described(9, EVERYTHING.model_copy(update=room), symbols)
    tokens = np.array(data.draw(st.lists(st.integers(0, 4), min_size=graph.size, max_size=graph.size)))
    one = output(network(small, mixing), small.row(tokens, graph))
    other = output(network(large, mixing), large.row(tokens, graph))
    assert close(one.logits[:, : graph.size], other.logits[:, : graph.size])
    assert close(one.halt_logits, other.halt_logits)


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), data=st.data())
@pytest.mark.parametrize(("mixing", "symbols"), CASES)
def test_the_order_of_positions_does_not_matter(
    mixing: str, symbols: tuple[int, ...], graph: Graph, data: st.DataObject
) -> None:
    description = described(6, symbols=symbols)
    model = network(description, mixing)
    tokens = np.array(data.draw(st.lists(st.integers(0, 4), min_size=graph.size, max_size=graph.size)))
    order = data.draw(st.permutations(range(graph.size)))
    one = output(model, description.row(tokens, graph))
    other = output(model, description.row(tokens[list(order)], permuted(graph, order)))
    assert close(one.logits[:, list(order)], other.logits[:, : graph.size])
    assert close(one.halt_logits, other.halt_logits)


@settings(max_examples=10, deadline=None)
@given(graph=graphs())
def test_the_order_of_edges_and_groups_does_not_matter(graph: Graph) -> None:
    description = described(6)
    turned = Graph(graph.size, graph.edges[::-1], graph.groups[::-1], graph.numbers)
    tokens = np.zeros(graph.size, dtype=np.int64)
    model = network(description, "relational")
    assert close(
        output(model, description.row(tokens, graph)).logits, output(model, description.row(tokens, turned)).logits
    )


PLAIN = Graph(
    4,
    (Edge("less", 0, 1, (4, 1)),),
    (Group("cage", (1, 2), (7,)), Group("line", (0, 1, 3), (3,))),
    ((1,), (2,), (0,), (-1,)),
)
CHANGES = {
    "type of an edge": Graph(4, (Edge("near", 0, 1, (4, 1)),), PLAIN.groups, PLAIN.numbers),
    "direction of an edge": Graph(4, (Edge("less", 1, 0, (4, 1)),), PLAIN.groups, PLAIN.numbers),
    "members of a group": Graph(4, PLAIN.edges, (Group("cage", (1, 3), (7,)), PLAIN.groups[1]), PLAIN.numbers),
    "order of a group": Graph(4, PLAIN.edges, (PLAIN.groups[0], Group("line", (1, 0, 3), (3,))), PLAIN.numbers),
}
NUMBERS = {
    "number of an edge": Graph(4, (Edge("less", 0, 1, (5, 1)),), PLAIN.groups, PLAIN.numbers),
    "number of a group": Graph(4, PLAIN.edges, (Group("cage", (1, 2), (8,)), PLAIN.groups[1]), PLAIN.numbers),
    "number of a position": Graph(4, PLAIN.edges, PLAIN.groups, ((1,), (3,), (0,), (-1,))),
}


@pytest.mark.parametrize("mixing", ["relational", "attention"])
@pytest.mark.parametrize("change", [*CHANGES, *NUMBERS])
def test_the_answer_depends_on_everything_that_a_puzzle_says(mixing: str, change: str) -> None:
    description, tokens = described(6), np.array([1, 2, 3, 4])
    model = network(description, mixing)
    one = output(model, description.row(tokens, PLAIN)).logits
    other = output(model, description.row(tokens, (CHANGES | NUMBERS)[change])).logits
    assert (one - other).abs().max() > 1e-3


def test_links_are_means_over_what_a_position_hears() -> None:
    structure = PuzzleStructure(
        edges=["to"], groups=["in"], ordered=["in"], edge_numbers={"n": 2}, max_edges=3, max_groups=2, max_members=5
    )
    description = Description(vocab_size=2, seq_len=4, structure=Structure(per_puzzle=structure))
    graph = Graph(
        4,
        (Edge("to", 0, 2, (2,)), Edge("to", 1, 2, (-1,)), Edge("to", 3, 0, (1,))),
        (Group("in", (0, 1, 2)), Group("in", (1, 3))),
    )
    row = torch.from_numpy(description.row(np.zeros(4, dtype=np.int64), graph))[None]
    weights = links(read_structure(row, 4, structure)).weights[0]
    found = dict(zip(kinds(structure), weights.tolist(), strict=True))
    assert found["to"] == [[0, 0, 0, 1], [0, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]
    assert found["n of to"] == [[0, 0, 0, 0.5], [0, 0, 0, 0], [0.5, -0.25, 0, 0], [0, 0, 0, 0]]
    third = pytest.approx(1 / 3)
    assert found["in"][0] == [third, third, third, 0]
    assert found["in"][1] == pytest.approx([1 / 6, 1 / 6 + 1 / 4, 1 / 6, 1 / 4])
    assert found["previous in in"] == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
    assert found["next in in"] == [[0, 1, 0, 0], [0, 0, 0.5, 0.5], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_groups_of_each_puzzle_compute_what_relations_of_the_task_do() -> None:
    relations = {"row": [0, 0, 0, 1, 1, 1], "column": [0, 1, 2, 0, 1, 2]}
    common = {"interchangeable": [1, 2, 3]}
    own = PuzzleStructure(groups=["row", "column"], max_groups=5, max_members=12)
    fixed = network(
        Description(vocab_size=5, seq_len=6, structure=Structure(relations=relations, **common)), "relational"
    )
    description = Description(vocab_size=5, seq_len=6, structure=Structure(per_puzzle=own, **common))
    free = network(description, "relational")
    weights = fixed.state_dict()
    named = {name.replace("mix.relations", "mix.links"): tensor for name, tensor in weights.items()}
    free.load_state_dict(free.state_dict() | named)
    groups = [
        Group(name, tuple(np.flatnonzero(np.array(numbers) == number).tolist()))
        for name, numbers in relations.items()
        for number in range(max(numbers) + 1)
    ]
    tokens = np.array([0, 1, 2, 3, 0, 4])
    one, other = output(fixed, tokens), output(free, description.row(tokens, Graph(6, (), tuple(groups))))
    assert torch.allclose(one.logits, other.logits, atol=1e-6)
    assert torch.allclose(one.halt_logits, other.halt_logits, atol=1e-6)


def test_attention_to_padding_is_zero_and_messages_sum_to_the_output() -> None:
    description = described(6)
    row = torch.from_numpy(description.row(np.array([1, 2, 3, 4]), PLAIN))[None]
    told = links(read_structure(row, 6, EVERYTHING))
    x = torch.randn(1, 6, 16)
    for mixing, arguments in (("attention", (None, told)), ("relational", (told,))):
        mixer = network(description, mixing).core.stacks[0].layers[0].mix
        total = sum(mixer.messages(x, *arguments).values())
        assert torch.allclose(mixer(x, *arguments), total, atol=1e-5)
    shares = network(description, "attention").core.stacks[0].layers[0].mix.attention_weights(x, None, told)
    assert (shares[..., 4:] == 0).all()


@pytest.mark.parametrize("mixing", ["mlp"])
def test_a_mixer_that_cannot_use_it_is_refused(mixing: str) -> None:
    structure = described(6).structure
    with pytest.raises(UsageError, match="mixing 'mlp' cannot use the structure that each puzzle of this task has"):
        TRMConfig(**SMALL, context_length=6, structure=structure, mixing=mixing)


def test_any_length_is_refused() -> None:
    with pytest.raises(UsageError, match="need a context_length, the most positions of a puzzle"):
        TRMConfig(**SMALL, context_length=0, structure=described(6).structure)


@settings(max_examples=10, deadline=None)
@given(some=st.lists(graphs(), min_size=1, max_size=5))
@pytest.mark.parametrize(("mixing", "symbols"), CASES)
def test_puzzles_of_different_sizes_are_computed_together_as_alone(
    mixing: str, symbols: tuple[int, ...], some: list[Graph]
) -> None:
    description = described(6, symbols=symbols)
    model = network(description, mixing)
    rows = np.stack([description.row(np.arange(graph.size) % VOCABULARY, graph) for graph in some])
    inputs = torch.from_numpy(rows)
    together = last(model.steps(inputs, model.initial_state(len(rows)), count=2))
    for number, graph in enumerate(some):
        alone = output(model, rows[number])
        assert close(together.output.logits[number, : graph.size], alone.logits[0, : graph.size])
        assert close(together.output.halt_logits[number], alone.halt_logits[0])
    # One cycle a step, so that `cycles` does the same work at all positions, without regard to sizes.
    whole = last(model.cycles(inputs, model.initial_state(len(rows)), count=2))
    real = description.real(rows)
    assert close(together.output.logits[real], whole.output.logits[real])
    assert close(together.state.latent[real], whole.state.latent[real])
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    one, other = (
        torch.autograd.grad(result.output.logits[real].square().sum(), weights, allow_unused=True)
        for result in (together, whole)
    )
    for first, second in zip(one, other, strict=True):
        assert (first is None and second is None) or torch.allclose(first, second, rtol=1e-3, atol=1e-3)


def test_a_small_puzzle_is_computed_at_few_positions() -> None:
    description = described(40)
    model = network(description, "relational")
    sizes = (3, 10, 11, 40)
    rows = np.stack([description.row(np.zeros(size, int), Graph(size, numbers=((0,),) * size)) for size in sizes])
    computed = []
    model.core.stacks[0].register_forward_hook(lambda _, given_, __: computed.append(given_[0].shape[:2]))
    model.supervision_step(torch.from_numpy(rows), model.initial_state(4))
    assert set(computed) == {(2, 10), (1, 20), (1, 40)}
