"""Advice on the number of threads. No test depends on how fast the machine is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.support.small_run import SmallRun, same_bits
from trm.devices import get_backend
from trm.devices.threads import using_threads
from trm.training import thread_advice
from trm.training.monitor import Monitor, TrainingView
from trm.training.thread_advice import FIRST_LOOK, NEXT_LOOK, ThreadAdvice, step_seconds


@dataclass
class Training:
    """What the advice reads of a training; a step takes 0.05 s."""

    step: int = 0
    seconds: float = 0.0
    config: Any = field(default_factory=lambda: SimpleNamespace(batch_size=8))
    model: Any = field(default_factory=lambda: SimpleNamespace(compiled=False))
    backend: Any = field(default_factory=lambda: get_backend("cpu"))


class Machine:
    """Gives the seconds of a step by number of threads, and keeps what was measured."""

    def __init__(self, seconds: Mapping[int, float]) -> None:
        self.seconds, self.measured = seconds, list[tuple[int, ...]]()

    def __call__(self, training: TrainingView, counts: Sequence[int]) -> list[float]:
        self.measured.append(tuple(counts))
        return [self.seconds[count] for count in counts]


def advised(machine: Machine, seconds: float, total_steps: int = 100_000, compiled: bool = False) -> list[str]:
    """What is said in some seconds of a training with as many threads as the machine has."""
    training, said = Training(), list[str]()
    training.model.compiled = compiled
    advice = ThreadAdvice(said.append, machine)
    with using_threads(max(machine.seconds)), advice.running(training):  # type: ignore[arg-type]
        while training.seconds < seconds:
            training.step, training.seconds = training.step + 1, training.seconds + 0.05
            advice.step(training, training.step / total_steps)  # type: ignore[arg-type]
    return said


def test_one_thread_is_advised_once_where_a_busy_core_makes_two_slow() -> None:
    machine = Machine({2: 8 / 12, 1: 8 / 230})
    assert advised(machine, 3 * NEXT_LOOK) == [
        "One thread is faster here than 2 (230 against 12 examples/s): stop with Ctrl-C and resume with --threads 1."
    ]
    assert machine.measured == [(2, 1)]


def test_halves_are_tried_as_long_as_they_are_faster() -> None:
    machine = Machine({16: 2.0, 8: 1.0, 4: 0.4, 2: 0.38, 1: 0.7})
    assert advised(machine, FIRST_LOOK + 1) == [
        "4 threads are faster here than 16 (20 against 4.0 examples/s): stop with Ctrl-C and resume with --threads 4."
    ]
    assert machine.measured == [(16, 8), (8, 4), (4, 2)]


def test_nothing_is_said_where_all_threads_are_as_fast_but_they_are_compared_again() -> None:
    """Other programs come and go."""
    machine = Machine({2: 0.05, 1: 0.045})
    assert advised(machine, NEXT_LOOK - 1) == []
    assert len(machine.measured) == 1
    assert advised(machine, 2 * NEXT_LOOK) == []
    assert len(machine.measured) == 3


@pytest.mark.parametrize(
    ("seconds", "total_steps", "compiled", "threads"),
    [
        (FIRST_LOOK - 0.1, 100_000, False, 2),
        (FIRST_LOOK + 1, 300, False, 2),  # 15 s: the comparison would take longer than it can save
        (FIRST_LOOK + 1, 100_000, True, 2),
        (FIRST_LOOK + 1, 100_000, False, 1),
    ],
    ids=["too early", "a short training", "compiled", "one thread"],
)
def test_nothing_is_measured_where_it_is_no_use(seconds: float, total_steps: int, compiled: bool, threads: int) -> None:
    machine = Machine({threads: 9.0, threads // 2: 0.1})
    assert advised(machine, seconds, total_steps, compiled) == []
    assert machine.measured == []


class Measuring(Monitor):
    """Measures beside every step."""

    def step(self, training: TrainingView, progress: float) -> None:
        assert min(step_seconds(training, (2, 1))) > 0
        assert torch.get_num_threads() == 1


def test_slow_steps_are_timed_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training waits meanwhile."""
    threads: list[int] = []
    monkeypatch.setattr(thread_advice, "_drop_gradients", lambda _: threads.append(torch.get_num_threads()))
    training: Any = Training()
    now = iter(range(0, 10_000, 25))
    assert step_seconds(training, (2, 1), lambda: next(now)) == [25.0, 25.0]
    assert threads == [2, 1]
    quick = count()
    assert step_seconds(training, (2, 1), lambda: next(quick) / 100) == [pytest.approx(0.01)] * 2
    assert threads[2:] == [2, 1] * thread_advice.REPEATS


def test_measuring_changes_no_bit_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the weights, nor the random streams of dropout, halting and noise, nor the number of threads."""
    monkeypatch.setattr(thread_advice, "REPEATS", 1)
    with using_threads(1):
        assert same_bits(SmallRun(None, Measuring(), max_steps=3).fit(), SmallRun(None, max_steps=3).fit())
