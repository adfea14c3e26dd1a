"""The JavaScript engine computes what the model computes, for every kind of network it supports."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.javascript import Frames, call_in_node, engine_job, has_node
from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.data import Description
from trm.errors import UsageError
from trm.model.losses import log_stablemax
from trm.render.play import network as play_network
from trm.render.play.network import engine_source, has_javascript_form, network_data

pytestmark = pytest.mark.skipif(not has_node(), reason="there is no node")

STEPS = 3
PUZZLE = [3, 1, 0, 6, 5, 2, 4, 4, 1, 0, 2, 5]
GRID = Structure(
    grid=(3, 4),
    relations={"row": [0] * 4 + [1] * 4 + [2] * 4, "column": [0, 1, 2, 3] * 3, "half": [0, 0, 1, 1] * 3},
    alike=[["row", "column"]],
    neighbours=[(0, 1), (-1, 0), (2, -1)],
)
SYMBOLS = GRID.model_copy(update={"interchangeable": [4, 1, 2]})

ATTENTION: dict[str, Any] = {"mixing": "attention", "num_heads": 2}
RELATIONAL: dict[str, Any] = {"mixing": "relational", "structure": GRID}
GRID_MIXING: dict[str, Any] = {"mixing": "grid", "num_heads": 2, "structure": GRID}
PREFIX: dict[str, Any] = {"num_puzzles": 3, "puzzle_tokens": 2, "puzzle_dim": 17}
NETWORKS: dict[str, dict[str, Any]] = {
    "rope": ATTENTION,
    "no-positions": ATTENTION | {"positions": "none", "loss": "softmax"},
    "learned": ATTENTION | PREFIX | {"positions": "learned"},
    "grid-positions": ATTENTION | PREFIX | {"positions": "grid", "structure": GRID},
    "rope2d": ATTENTION | PREFIX | {"hidden_dim": 16, "positions": "rope2d", "structure": GRID},
    "any-length": ATTENTION | {"context_length": 0},
    "wide-heads": ATTENTION | {"hidden_dim": 36, "activation": "relu"},
    "added-vector": ATTENTION | {"num_puzzles": 3},
    "hrm": ATTENTION | {"architecture": "hrm", "num_layers_high": 2},
    "mlp": {"mixing": "mlp"},
    "mlp-relu": {"mixing": "mlp", "activation": "relu"} | PREFIX,
    "mlp-learned": {"mixing": "mlp", "positions": "learned", "loss": "softmax"},
    "relational": RELATIONAL,
    "relational-max": RELATIONAL | {"neighbour_pooling": "max", "activation": "relu"},
    "relational-only-relations": RELATIONAL | {"structure": GRID.model_copy(update={"neighbours": []})},
    "relational-only-neighbours": RELATIONAL
    | {"structure": GRID.model_copy(update={"relations": {}, "alike": []}), "neighbour_pooling": "max"},
    "symbols": RELATIONAL | {"structure": SYMBOLS},
    "symbols-max": RELATIONAL | {"structure": SYMBOLS, "neighbour_pooling": "max", "positions": "grid"},
    "symbols-vector-each": RELATIONAL | {"structure": SYMBOLS, "num_puzzles": 3, "puzzle_dim": 36},
    "symbols-one-vector": RELATIONAL | {"structure": SYMBOLS, "num_puzzles": 3},
    "grid": GRID_MIXING,
    "grid-symbols": GRID_MIXING | {"structure": SYMBOLS, "num_heads": 3},
    "grid-differences": GRID_MIXING | {"structure": SYMBOLS, "mixing_options": {"numbers": "differences", "reach": 2}},
    "grid-content": GRID_MIXING | {"mixing_options": {"content": True}},
    "grid-content-symbols": GRID_MIXING
    | {"structure": SYMBOLS, "mixing_options": {"content": True, "numbers": "differences"}},
    "relational-hrm": RELATIONAL | {"architecture": "hrm", "num_layers_high": 2},
}


def network(seed: int = 0, **settings: Any) -> TinyRecursiveModel:
    """A network with random weights everywhere, so that nothing is zero by its initialization. Sizes are odd on purpose."""
    small = {"vocab_size": 7, "context_length": 12, "hidden_dim": 12, "num_layers": 1, "n_recursions": 2, "T_steps": 2}
    torch.manual_seed(seed)
    model = TinyRecursiveModel(TRMConfig(**(small | {"mlp_multiple_of": 1, "mlp_ratio": 2.0} | settings))).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() < 3:
                parameter.normal_(std=parameter.shape[-1] ** -0.5)
    return model


@torch.no_grad()
def frames_of(model: TinyRecursiveModel, inputs: list[int], steps: int = STEPS, puzzle_id: int = 0) -> list[Any]:
    """Tokens, probabilities and halting probability after each step, in fp32 whatever the machine does best."""
    results = model.steps(torch.tensor([inputs]), model.initial_state(1), torch.tensor([puzzle_id]), steps)
    softmax = model.config.loss == "softmax"
    return [
        (
            output.logits[0].argmax(-1).tolist(),
            (output.logits[0].softmax(-1) if softmax else log_stablemax(output.logits[0]).exp()).numpy(),
            output.halt_logits[0].sigmoid().item(),
        )
        for _, output in results
    ]


def assert_same(frames: Frames, expected: list[Any], tolerance: float = 1e-5) -> None:
    for frame, (tokens, probabilities, halt) in zip(frames, expected, strict=True):
        assert np.abs(np.array(frame["probabilities"]).reshape(probabilities.shape) - probabilities).max() < tolerance
        assert frame["halt"] == pytest.approx(halt, abs=tolerance)
        assert frame["tokens"] == tokens


@pytest.fixture(scope="module")
def frames_by_name() -> dict[str, list[Frames]]:
    """The engine's frames for every kind of network, with and without vectors, all from one process."""
    jobs = {}
    for name, settings in NETWORKS.items():
        model = network(**settings)
        jobs[name] = engine_job(network_data(model), [PUZZLE], STEPS, puzzle=last_id(model))
    both = "[true, false].map((simd) => run({...job, simd})[0])"
    program = f"(jobs) => Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, {both}]))"
    return call_in_node(program, jobs)


def last_id(model: TinyRecursiveModel) -> int:
    return max(model.config.num_puzzles - 1, 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_frames_are_those_of_the_model(name: str, frames_by_name: dict[str, list[Frames]]) -> None:
    model = network(**NETWORKS[name])
    expected = frames_of(model, PUZZLE, puzzle_id=last_id(model))
    with_vectors, with_loops = frames_by_name[name]
    assert_same(with_vectors, expected)
    assert_same(with_loops, expected)


def test_puzzle_ids_are_blank_by_default_and_make_a_difference() -> None:
    model = network(**ATTENTION, **PREFIX)
    data = network_data(model)
    program = "(job) => run(job)[0]"
    blank = call_in_node(program, engine_job(data, [PUZZLE], STEPS, puzzle=None))
    assert_same(blank, frames_of(model, PUZZLE))
    assert call_in_node(program, engine_job(data, [PUZZLE], STEPS)) == blank
    assert call_in_node(program, engine_job(data, [PUZZLE], STEPS, puzzle=1)) != blank


def test_a_network_for_any_length_takes_one_length_after_the_other() -> None:
    model = network(**ATTENTION, context_length=0)
    puzzles = [PUZZLE, PUZZLE[:5], [*PUZZLE, *PUZZLE, 3], [4], PUZZLE]
    for frames, puzzle in zip(
        call_in_node("run", engine_job(network_data(model), puzzles, STEPS)), puzzles, strict=True
    ):
        assert_same(frames, frames_of(model, puzzle))


def test_relational_weights_take_another_size() -> None:
    model = network(mixing="relational", structure=SYMBOLS)
    larger = Structure(
        grid=(4, 4), relations={"row": [0, 1] * 8, "column": [0] * 16, "half": [1] * 8 + [0] * 8},
        alike=[["row", "column"]], neighbours=SYMBOLS.neighbours, interchangeable=[1, 2, 3, 5],
    )  # fmt: skip
    settings = model.config.model_dump() | {"vocab_size": 8, "context_length": 16, "structure": larger}
    resized = TinyRecursiveModel(TRMConfig(**settings)).eval()
    resized.load_state_dict(model.state_dict())
    data = network_data(model)
    data["config"] = network_data(resized)["config"]
    puzzle = [*PUZZLE, 7, 7, 0, 2]
    assert_same(call_in_node("run", engine_job(data, [puzzle], STEPS))[0], frames_of(resized, puzzle))


def test_puzzles_do_not_influence_each_other() -> None:
    data = network_data(network(mixing="relational", structure=SYMBOLS))
    other = [6 - token for token in PUZZLE]
    first, _, again = call_in_node("run", engine_job(data, [PUZZLE, other, PUZZLE], STEPS))
    assert again == first


def test_fixed_positions_and_tokens_keep_the_puzzles_own() -> None:
    model = network(**ATTENTION)
    description = Description(vocab_size=7, seq_len=12, fixed=(1, 11), fixed_tokens=(5, 3))
    frames = call_in_node("run", engine_job(network_data(model, description), [PUZZLE], STEPS))[0]
    expected = [tokens for tokens, _, _ in frames_of(model, PUZZLE)]
    completed = description.complete(np.array(PUZZLE), np.array(expected)).tolist()
    assert [frame["tokens"] for frame in frames] == completed
    assert completed != expected


NOISE = """
(job) => {
  const net = TRMEngine.create(job.network), start = job.starts[0];
  const drawn = (seed) => {
    net.start({...start, seed});
    const {plan, y, z} = net.built, rows = [];
    for (const [at, name] of [[y, "initial_answer"], [z, "initial_latent"]])
      for (let row = 0; row < plan.rows; row++)
        rows.push(Array.from({length: plan.width}, (_, i) => plan.heap[at + row * plan.stride + i] - net.weights[name].data[i]));
    return rows;
  };
  return [0, 1, 2, 1, 2 ** 40].map(drawn);
}
"""


def test_restarts_begin_with_normal_noise_of_their_seed() -> None:
    data = network_data(network(mixing="relational", structure=SYMBOLS, hidden_dim=64))
    none, first, second, again, large = np.array(call_in_node(NOISE, engine_job(data, [PUZZLE], 1)))
    assert not none.any()
    assert (first == again).all()
    seen = np.concatenate([first, second, large]).ravel() / data["config"]["noise"]
    assert abs(seen.mean()) < 0.05
    assert seen.std() == pytest.approx(1, abs=0.03)
    assert (np.abs(seen) > 2).mean() == pytest.approx(0.0455, abs=0.01)
    assert np.abs(np.corrcoef([first.ravel(), second.ravel(), large.ravel()])[np.triu_indices(3, 1)]).max() < 0.06
    assert abs(np.corrcoef(np.split(first.ravel(), 2))[0, 1]) < 0.1  # of answer and latent


def test_noise_of_a_network_for_any_length_is_the_same_at_every_position() -> None:
    data = network_data(network(**ATTENTION, context_length=0))
    _, first, *_ = np.array(call_in_node(NOISE, engine_job(data, [PUZZLE], 1)))
    assert np.allclose(first[:12], first[0], atol=1e-6)
    assert first[0].any()
    assert not np.allclose(first[0], first[12])


PRODUCTS = """
({rows, depth, columns, a, b}) => [true, false].map((simd) => {
  const K = TRMKernels, arena = new K.Arena(simd), stride = K.padded(depth), wide = K.padded(columns);
  const packed = K.pack(arena, depth, columns, (row, column) => b[row * columns + column]);
  const from = arena.reserve(K.paddedRows(rows) * stride), to = arena.reserve(K.paddedRows(rows) * wide);
  arena.seal();
  a.forEach((value, i) => (arena.heap[from + Math.floor(i / depth) * stride + (i % depth)] = value));
  arena.product(from, stride, packed, to, wide, rows);
  return Array.from({length: rows * columns}, (_, i) => arena.heap[to + Math.floor(i / columns) * wide + (i % columns)]);
})
"""


@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 1, 1), (4, 4, 8), (65, 7, 9), (130, 64, 24)])
def test_products_are_the_same_with_and_without_vectors(rows: int, depth: int, columns: int) -> None:
    draw = np.random.default_rng(0).standard_normal
    a, b = draw((rows, depth), np.float32), draw((depth, columns), np.float32)
    job = {"rows": rows, "depth": depth, "columns": columns, "a": a.ravel().tolist(), "b": b.ravel().tolist()}
    vectors, loops = call_in_node(PRODUCTS, job)
    assert vectors == loops
    assert np.allclose(np.reshape(vectors, (rows, columns)), a @ b, atol=1e-5)


GATES = """
(values) => [true, false].map((simd) => {
  const arena = new TRMKernels.Arena(simd), at = arena.put([...values, ...values.map(() => 1)]);
  arena.seal();
  arena.gate(at, 1, 2 * values.length);
  return Array.from(arena.heap.subarray(at, at + values.length));
})
"""


def test_gates_are_exact_for_all_sizes() -> None:
    values = [*np.linspace(-30, 30, 998).astype(np.float32).tolist(), -1e4, -95.0, 95.0, 1e4, 0.0, 1e-20]
    expected = torch.nn.functional.silu(torch.tensor(values, dtype=torch.float64)).numpy()
    for found in call_in_node(GATES, values):
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-30)


def test_without_webassembly_the_loops_compute() -> None:
    data, start = network_data(network(**RELATIONAL)), {"tokens": PUZZLE}
    source = f"WebAssembly = undefined;\n{engine_source()}"
    program = "({data, start}) => { const net = TRMEngine.create(data); net.start(start); return [TRMSimd, net.step().halt]; }"
    none, halt = call_in_node(program, {"data": data, "start": start}, source)
    assert none is None
    assert halt == pytest.approx(frames_of(network(**RELATIONAL), PUZZLE)[0][2], abs=1e-5)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"tokens": PUZZLE[:-1]}, "Expected a puzzle of 12 tokens, got 11."),
        ({"tokens": [7, *PUZZLE[1:]]}, "Expected tokens from 0 to 6, got 7."),
        ({"tokens": [0.5, *PUZZLE[1:]]}, "Expected tokens from 0 to 6, got 0.5."),
        ({"tokens": PUZZLE, "puzzle": 1}, "Expected a puzzle id from 0 to 0, got 1."),
        ({"tokens": PUZZLE, "puzzle": -1}, "Expected a puzzle id from 0 to 0, got -1."),
    ],
)
def test_what_is_no_puzzle_is_refused(start: dict[str, Any], message: str) -> None:
    program = (
        "({data, start}) => { try { TRMEngine.create(data).start(start); } catch (error) { return error.message; } }"
    )
    assert call_in_node(program, {"data": network_data(network(**ATTENTION)), "start": start}) == message


def test_multiplications_are_counted() -> None:
    """Of a network whose sizes need no padding, in two cycles of three runs of its layer, and the head."""
    model = network(
        mixing="attention",
        hidden_dim=16,
        num_heads=2,
        context_length=8,
        vocab_size=8,
        mlp_multiple_of=8,
        activation="relu",
    )
    layer = 8 * (4 * 16 * 16) + 2 * 8 * 8 * 16 + 8 * 2 * 16 * 32
    program = "(job) => { const net = TRMEngine.create(job); net.start({tokens: Array(8).fill(1)}); return net.multiplications; }"
    assert call_in_node(program, network_data(model)) == 2 * 3 * layer + 8 * 16 * 8


def test_the_network_is_json_with_little_endian_floats() -> None:
    model = network(**RELATIONAL)
    data = json.loads(json.dumps(network_data(model)))
    values = np.frombuffer(base64.b64decode(data["weights"]["data"]), "<f4")
    state = model.state_dict()
    assert [name for name, _, _ in data["weights"]["table"]] == list(state)
    for name, shape, offset in data["weights"]["table"]:
        assert (values[offset : offset + np.prod(shape, dtype=int)].reshape(shape) == state[name].numpy()).all()


def test_mixers_without_a_javascript_form_are_refused() -> None:
    model = network(**ATTENTION)
    assert all(has_javascript_form(network(**NETWORKS[name]).config) for name in ("rope", "mlp", "symbols"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(play_network, "MIXERS", ("mlp", "relational"))
        assert not has_javascript_form(model.config)
        with pytest.raises(
            UsageError, match="mixer 'attention' cannot run in a page: only mlp and relational have a Java"
        ):
            network_data(model)
