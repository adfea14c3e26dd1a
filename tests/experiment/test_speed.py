"""What `trm doctor --benchmark` measures and estimates. No test depends on how fast the machine is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest
import torch

from trm.config import PuzzleStructure, Structure, TRMConfig
from trm.data import Description
from trm.devices import get_backend
from trm.devices.threads import using_threads
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.speed import machine, workload
from trm.experiment.speed.machine import PresetSpeed, estimate, measure_machine, thread_counts
from trm.experiment.speed.timing import multiply_rate, rate
from trm.experiment.speed.workload import Workload, Workloads, puzzle_flops, random_puzzles, training_steps

pytest.importorskip("trm_tasks_sudoku")

SMALL = TRMConfig(vocab_size=4, hidden_dim=16, num_layers=1, num_heads=2, context_length=5, n_recursions=1, T_steps=1,
                  n_supervision=3, mlp_multiple_of=16)  # fmt: skip


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that goes on by some seconds whenever it is read."""
    ticks = count()
    return lambda: next(ticks) * seconds


def test_a_rate_is_calls_per_second() -> None:
    calls: list[None] = []
    assert rate(lambda: calls.append(None), 3.0, clock=ticking(1.0)) == 1.0
    assert len(calls) == 3
    assert rate(lambda: calls.append(None), 0.0, clock=ticking(8.0)) == 1 / 8
    assert len(calls) == 5
    rate(lambda: calls.append(None), 0.0, least=1)
    assert len(calls) == 6


def test_an_accelerator_is_waited_for_after_blocks_of_calls() -> None:
    done: list[str] = []
    rate(lambda: done.append("call"), 0.03, lambda: done.append("wait"), clock=ticking(0.01))
    assert done == ["call", "wait", *["call"] * 5, "wait", *["call"] * 15, "wait"]


def test_a_matrix_product_has_a_rate() -> None:
    assert multiply_rate(0.0, 16) > 0
    assert multiply_rate(0.0, dtype=torch.bfloat16) > 0


def test_numbers_of_threads() -> None:
    assert [thread_counts(threads) for threads in (1, 2, 3, 16, 64)] == [
        [1], [1, 2], [1, 3], [1, 16, 8, 4, 2], [1, 64, 32, 16, 8]
    ]  # fmt: skip


def test_operations_are_those_of_the_matrix_products() -> None:
    """Twice as many for two layers; attention, whose fused kernels are not counted, included."""
    description = Description(vocab_size=4, seq_len=5)
    one = puzzle_flops(SMALL.model_copy(update={"mixing": "attention"}), description)
    two = puzzle_flops(SMALL.model_copy(update={"mixing": "attention", "num_layers": 2}), description)
    layer = two - one
    # Queries, keys, values and output; scores and weighted sums; the MLP: gate, up and down. Two passes through the layer,
    # and twice as much backward.
    width, length = 16, 5
    inner = 48
    products = 4 * length * width**2 + 2 * length**2 * width + 3 * length * width * inner
    assert layer == pytest.approx(2 * products * 2 * 3, rel=0.01)


@pytest.mark.parametrize("numbers", [{"clue": 9}, {}])
def test_random_puzzles_may_have_a_structure_of_their_own(numbers: dict[str, int]) -> None:
    own = PuzzleStructure(
        edges=["next"], groups=["line"], position_numbers=numbers, max_edges=3, max_groups=2, max_members=4
    )
    description = Description(vocab_size=4, seq_len=5, structure=Structure(per_puzzle=own))
    puzzles = random_puzzles(description, 3)
    assert puzzles.description.graph(puzzles.inputs[2]).size == 5
    config = SMALL.model_copy(update={"structure": description.structure, "mixing": "relational", "positions": "none"})
    assert puzzle_flops(TRMConfig(**config.model_dump()), description) > 0


@pytest.fixture(scope="module")
def mini() -> Workload:
    return Workload(Experiment.from_preset("sudoku", "mini"), SMALL, 1e6)


def changed(work: Workload, **training: object) -> Workload:
    config = work.experiment.training
    assert config is not None
    return replace(work, experiment=replace(work.experiment, training=config.model_copy(update=training)))


def test_a_step_of_random_puzzles_is_a_training_step() -> None:
    work = Workloads().of("sudoku", "mini")
    step = work.training(get_backend("cpu"), 2)
    state = step.args[0]  # type: ignore[attr-defined]
    before = [parameter.clone() for parameter in state.model.parameters()]
    step()
    assert state.step == 1
    assert len(state.slots.steps) == 2
    assert not all(torch.equal(*pair) for pair in zip(before, state.model.parameters(), strict=True))


def test_equal_models_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(workload, "puzzle_flops", lambda config, description: asked.append(config) or 5.0)
    workloads = Workloads()
    assert [workloads.of("sudoku", name).flops for name in ("hard", "hard-1", "mini")] == [5.0] * 3
    assert len(asked) == 2


def test_the_number_of_steps(mini: Workload) -> None:
    """The puzzles of an epoch are those of a setting that the dataset reads."""
    paper = Workload(Experiment.from_preset("sudoku", "paper"), SMALL, 1e6)
    assert training_steps(mini) == 400
    assert training_steps(paper) == 50_000 * 1000 // 768
    assert training_steps(changed(paper, max_steps=7)) == 7
    # Each of 2,000 puzzles takes at most three steps of a slot: one of eight.
    assert training_steps(changed(mini, max_steps=None, num_epochs=2)) == 2 * 2000 * 3 // 8
    assert training_steps(changed(mini, max_steps=None, num_epochs=2, refill="discard")) == 2 * 2000 // 8


def speed(work: Workload, rates: dict[int, float], **model: object) -> PresetSpeed:
    changed_model = work.model.model_copy(update=model)
    return PresetSpeed(replace(work, model=changed_model), "fp32", work.batch_size, rates)


def test_fewer_threads_are_best_if_they_are_about_as_fast(mini: Workload) -> None:
    assert speed(mini, {1: 96.0, 2: 100.0}).best_threads == 1
    assert speed(mini, {1: 90.0, 2: 100.0, 4: 80.0}).best_threads == 2


def test_a_preset_takes_its_operations_over_the_rate_of_the_nearest_one(mini: Workload) -> None:
    wide = speed(mini, {1: 50.0}, hidden_dim=512, mixing="mlp")
    narrow = speed(mini, {1: 100.0, 2: 200.0})
    found = estimate(replace(mini, flops=3e6), [wide, narrow])
    # 400 steps of 8 puzzles, each three times the work of one of which 200 are done a second.
    assert found.seconds == pytest.approx(400 * 8 * 3 / 200)
    assert found.measured_on == "sudoku:mini"
    assert estimate(wide.workload, [narrow, wide]).seconds == pytest.approx(400 * 8 / 50)
    other = replace(mini, model=SMALL.model_copy(update={"hidden_dim": 256}))
    assert estimate(other, [narrow, wide]).seconds_per_step == pytest.approx(8 / 50)


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A machine of two threads that takes half as long with one; the number of threads at each measurement."""
    threads: list[int] = []

    def fake_rate(call: Callable[[], object], *_: object, least: int) -> float:
        threads.append(torch.get_num_threads())
        return 4.0 / threads[-1]

    monkeypatch.setattr(machine, "rate", fake_rate)
    monkeypatch.setattr(machine, "multiply_rate", lambda *_, **__: 1e9)
    with using_threads(2):
        yield threads
        assert torch.get_num_threads() == 2


def test_measuring_a_machine(steady: list[int]) -> None:
    backend = get_backend("cpu")
    found = measure_machine(backend, [("sudoku", "mini")] * 2, [("sudoku", "mini"), ("sudoku", "none")])
    assert steady == [1, 2]
    (preset,) = found.presets
    assert preset.rates == {1: 4.0 * preset.rows, 2: 2.0 * preset.rows}
    assert preset.best_threads == 1
    assert [time.preset for time in found.times] == ["sudoku:mini"]
    assert found.times[0].seconds == pytest.approx(400 * 8 / (4 * preset.rows))
    (problem,) = found.problems
    assert problem.startswith("sudoku:none has no estimate: Task 'sudoku' has no preset 'none'.")
    report = json.loads(json.dumps(found.as_json()))
    assert report["matrix_gflops"] == {"fp32": {"1": 1.0, "2": 1.0}, "bf16": {"1": 1.0, "2": 1.0}}
    assert report["training_times"][0]["steps"] == 400


def test_a_type_that_the_device_cannot_multiply_is_left_out(steady: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(seconds: float, *, device: torch.device, dtype: torch.dtype) -> float:
        if dtype == torch.bfloat16:
            raise RuntimeError("not implemented for 'BFloat16'")
        return 1e9

    monkeypatch.setattr(machine, "multiply_rate", refuse)
    assert list(measure_machine(get_backend("cpu"), [("sudoku", "mini")], []).matrix) == ["fp32"]


def test_numbers_between_one_and_all_are_skipped_when_it_is_late(
    steady: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "thread_counts", lambda threads: [1, 3, 2])
    measure_machine(get_backend("cpu"), [("sudoku", "mini")], [])
    assert steady == [1, 3, 2]
    measure_machine(get_backend("cpu"), [("sudoku", "mini")], [], clock=ticking(machine.DEADLINE))
    assert steady == [1, 3, 2, 1, 3]


def test_an_unknown_preset_to_measure_is_refused() -> None:
    with pytest.raises(UsageError, match="has no preset 'none'"):
        measure_machine(get_backend("cpu"), [("sudoku", "none")], [])
