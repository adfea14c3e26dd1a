"""States in traces: they are what the answers are read from, and a file of them holds everything to work with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import trm
from trm import TinyRecursiveModel, TRMConfig
from trm.devices import get_backend
from trm.errors import UsageError
from trm.evaluation.refine import Puzzle, Record, refine
from trm.evaluation.states import States
from trm.model import State

PREFIXED = TRMConfig(
    vocab_size=5, context_length=6, hidden_dim=8, num_heads=2, mlp_multiple_of=8, n_recursions=1, T_steps=2,
    n_supervision=2, num_puzzles=2, puzzle_tokens=3,
)  # fmt: skip
INPUTS = np.array([0, 1, 2, 3, 4, 0])


@pytest.fixture(scope="module")
def solver() -> trm.Solver:
    pytest.importorskip("trm_tasks_arithmetic")
    return trm.load("arithmetic", device="cpu")


@pytest.mark.parametrize("cycles", [False, True])
def test_states_are_what_the_answers_are_read_from(cycles: bool) -> None:
    torch.manual_seed(0)
    model = TinyRecursiveModel(PREFIXED).eval()
    frames = list(refine(model, Puzzle(INPUTS), 3, get_backend("cpu"), cycles, Record(messages=True, attention=True)))
    states = States.of(frames, model.config.prefix_length)
    assert states is not None
    count = 6 if cycles else 3
    assert states.answer.shape == states.latent.shape == (count, 9, 8)
    assert states.prefix_length == 3
    assert states.received is not None
    assert states.received.shape == (count, 4, 2, 9)
    assert states.attention is not None
    assert states.attention.shape == (count, 4, 2, 9, 9)
    with torch.no_grad():
        output = model.read_out(State(torch.from_numpy(states.answer), torch.from_numpy(states.latent)))
    assert (output.logits.argmax(-1).numpy() == np.stack([frame.answer for frame in frames])).all()
    assert torch.sigmoid(output.halt_logits).tolist() == pytest.approx([frame.halt for frame in frames])
    plain = refine(model, Puzzle(INPUTS), 3, get_backend("cpu"), cycles)
    for frame, recorded in zip(plain, frames, strict=True):
        assert frame.inside is None
        np.testing.assert_allclose(frame.probabilities, recorded.probabilities, atol=0.05)


def test_a_trace_has_states_only_on_request(solver: trm.Solver) -> None:
    with pytest.raises(UsageError, match=r"no states: record them with `solver.trace\(puzzle, states=True\)`"):
        _ = solver.trace("1+1", steps=1).states
    states = solver.trace("1+1", steps=2, states=True).states
    assert states.answer.shape == (2, 15, 32)
    assert (states.received, states.sources) == (None, ())
    assert repr(states) == "<States answer [2, 15, 32], latent [2, 15, 32]>"
    np.testing.assert_allclose(np.square(states.latent).mean(-1), 1, rtol=1e-2)


def test_restarts_begin_from_states_of_their_own(solver: trm.Solver) -> None:
    first, again, other, plain = (
        solver.trace("1+1", steps=1, states=True, restart=restart).states.latent for restart in (1, 1, 2, 0)
    )
    assert (first == again).all()
    assert not np.allclose(first, other)
    assert not np.allclose(first, plain)
    with pytest.raises(UsageError, match="restart must be an integer of at least 0, got -1"):
        solver.trace("1+1", restart=-1)


def test_a_restart_begins_as_an_attempt_of_solve_does(solver: trm.Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[State] = []
    original = TinyRecursiveModel.initial_state

    def noted(self: TinyRecursiveModel, *arguments: object) -> State:
        begun.append(original(self, *arguments))  # type: ignore[arg-type]
        return begun[-1]

    monkeypatch.setattr(TinyRecursiveModel, "initial_state", noted)
    solver.solve("1+1", restarts=3, steps=1, check=False)
    attempts, begun = begun, []
    for restart in range(3):
        solver.trace("1+1", steps=1, restart=restart)
    assert len(attempts) == len(begun) == 3
    for one, other in zip(attempts, begun, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_file_of_states(solver: trm.Solver, tmp_path: Path) -> None:
    path = tmp_path / "states.npz"
    trace = solver.trace("58+967", steps=2, cycles=True, messages=True)
    trace.to_npz(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    metadata = json.loads(str(arrays.pop("metadata")))
    assert list(arrays) == [
        "answer", "latent", "received", "tokens", "probabilities", "halting", "step", "cycle", "inputs",
    ]  # fmt: skip
    assert (arrays["answer"] == trace.states.answer).all()
    assert (arrays["tokens"] == trace.tokens).all()
    assert arrays["step"].tolist() == [1, 1, 2, 2]
    assert arrays["cycle"].tolist() == [1, 2, 1, 2]
    for name, axes in metadata["axes"].items():
        assert len(axes) == arrays[name].ndim
    assert arrays["received"].shape[1:3] == (len(metadata["calls"]), len(metadata["sources"]))
    assert metadata["sources"][:3] == ["number", "place", "offset (0, -1)"]
    assert (metadata["task"], metadata["restart"], metadata["cycles"], metadata["grid"]) == ("arithmetic", 0, 2, [3, 5])
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_earlier_file(
    solver: trm.Solver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "states.npz"
    path.write_bytes(b"earlier")

    def full(file: object, **arrays: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("numpy.savez", full)
    with pytest.raises(OSError, match="no space left"):
        solver.trace("1+1", steps=1, states=True).to_npz(path)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_recording_that_would_be_too_large_is_refused(solver: trm.Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm.evaluation.refine.RECORD_LIMIT", 1 << 16)
    assert solver.trace("1+1", steps=20).halting.shape == (20,)
    with pytest.raises(UsageError, match=r"Recording 20 frames of 0.0 MiB would take 0.0 GiB, more than 0. Ask for"):
        solver.trace("1+1", steps=20, states=True)
