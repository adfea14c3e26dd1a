"""What a machine does: rates of matrix products and presets, and an estimate of the time that every preset takes on it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from trm.devices import Backend
from trm.devices.precision import NAMES, precision_of
from trm.devices.threads import using_threads
from trm.errors import TRMError, described
from trm.experiment.speed.timing import multiply_rate, rate, waiting_for
from trm.experiment.speed.workload import Workload, Workloads, training_steps
from trm.progress import Job, progress, showing
from trm.words import counted

MATRIX_SECONDS = 1.0
"""Seconds for the matrix product in one number type."""

PRESET_SECONDS = 2.0
"""Seconds for a preset with one number of threads."""

DEADLINE = 60.0
"""Seconds after which only one thread and all threads are measured, no number between."""

STEP_SECONDS = 0.25
"""Rows are left out of a batch until its step takes about this long at the rate of the matrix product."""

CLOSE = 0.95
"""Fewer threads are preferred if they reach this share of the best rate."""

NUMBER_TYPES = {NAMES[number_type]: number_type for number_type in (torch.float32, torch.bfloat16)}

Preset = tuple[str, str]
"""The names of a task and of one of its presets."""


@dataclass(frozen=True)
class PresetSpeed:
    """The measured rates of a preset.

    Attributes:
        workload: the preset.
        precision: the number type of its matrix products on this device.
        rows: puzzles of a measured step; fewer than the preset's if a step of all would take long.
        rates: samples times supervision steps per second, by number of threads.
    """

    workload: Workload
    precision: str
    rows: int
    rates: Mapping[int, float]

    @property
    def best_threads(self) -> int:
        """The smallest number of threads whose rate is close to the best one."""
        best = max(self.rates.values())
        return min(count for count, found in self.rates.items() if found >= CLOSE * best)

    @property
    def flops_per_second(self) -> float:
        """Operations of its matrix products per second, with the best number of threads."""
        return max(self.rates.values()) * self.workload.flops

    def as_json(self) -> dict[str, Any]:
        """The numbers, with the rates in ascending order of threads."""
        return {
            "preset": self.workload.name,
            "precision": self.precision,
            "batch_size": self.workload.batch_size,
            "measured_batch_size": self.rows,
            "gflop_per_sample_and_step": self.workload.flops / 1e9,
            "samples_times_steps_per_second": {str(count): self.rates[count] for count in sorted(self.rates)},
            "best_threads": self.best_threads,
        }


@dataclass(frozen=True)
class PresetTime:
    """An estimate of the time that a preset's training takes, without its data, its scoring and earlier presets.

    Attributes:
        preset: the preset with its task, as in "sudoku:hard".
        steps: number of steps; None if only the data can tell.
        seconds_per_step: from the operations of its step and the rate of the preset `measured_on`.
        measured_on: the nearest measured preset.
        starts_from: the preset that is trained before it; None for none.
    """

    preset: str
    steps: int | None
    seconds_per_step: float
    measured_on: str
    starts_from: str | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds of training; None if the number of steps is unknown."""
        return None if self.steps is None else self.steps * self.seconds_per_step

    def as_json(self) -> dict[str, Any]:
        """The fields and `seconds`."""
        return {**vars(self), "seconds": self.seconds}


@dataclass(frozen=True)
class MachineSpeed:
    """What a machine does.

    Attributes:
        device: the device in words.
        threads: number of CPU threads that torch uses by default.
        matrix: operations per second of a matrix product, by number type and number of threads; no entry where the device
            cannot multiply that type.
        presets: the measured presets.
        times: the estimates for all presets.
        problems: a sentence for each preset without an estimate.
    """

    device: str
    threads: int
    matrix: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    presets: Sequence[PresetSpeed] = ()
    times: Sequence[PresetTime] = ()
    problems: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "device": self.device,
            "threads": self.threads,
            "matrix_gflops": {
                name: {str(count): flops / 1e9 for count, flops in rates.items()} for name, rates in self.matrix.items()
            },
            "presets": [speed.as_json() for speed in self.presets],
            "training_times": [estimate.as_json() for estimate in self.times],
            "problems": list(self.problems),
        }


def measure_machine(
    backend: Backend,
    measured: Sequence[Preset],
    estimated: Sequence[Preset],
    clock: Callable[[], float] = time.monotonic,
) -> MachineSpeed:
    """Measure a device and estimate how long presets take on it, showing progress.

    Args:
        backend: the device.
        measured: the presets that are measured.
        estimated: the presets whose time is estimated.
        clock: the time in seconds.

    Raises:
        UsageError: a preset to measure does not exist, or one of its values is invalid.
    """
    workloads = Workloads()
    job = Job("Preparing the benchmark", unit="measurements")
    with showing(job):
        bench = Bench(backend, job, clock() + DEADLINE, clock)
        subjects = [workloads.of(*preset) for preset in dict.fromkeys(measured)]
        job.total = len(bench.counts) * (len(NUMBER_TYPES) + len(subjects))
        matrix = bench.matrix()
        speeds = bench.presets(subjects, matrix)
    times, problems = [], []
    with progress("Estimating", len(estimated), "presets") as advance:
        for task, preset in estimated:
            try:
                times.append(estimate(workloads.of(task, preset), speeds))
            except Exception as error:  # a plugin's preset must not stop the report
                problems.append(f"{task}:{preset} has no estimate: {_reason(error)}")
            advance(1)
    return MachineSpeed(backend.describe(), torch.get_num_threads(), matrix, speeds, times, problems)


class Bench:
    """Measures a device.

    Args:
        backend: the device.
        job: counts the measurements.
        deadline: the time on the clock after which numbers of threads between one and all are skipped.
        clock: the time in seconds.

    Attributes:
        counts: the numbers of threads to measure with, those that are always measured first.
    """

    def __init__(self, backend: Backend, job: Job, deadline: float, clock: Callable[[], float]) -> None:
        self.backend, self.job, self.deadline, self.clock = backend, job, deadline, clock
        self.counts = thread_counts(torch.get_num_threads() if backend.device.type == "cpu" else 1)

    def matrix(self) -> dict[str, dict[int, float]]:
        """Operations per second by number type and number of threads, in ascending order."""
        found: dict[str, dict[int, float]] = {}
        for name, number_type in NUMBER_TYPES.items():
            for count in self._each(f"Measuring matrix products in {name}"):
                try:
                    flops = multiply_rate(MATRIX_SECONDS, device=self.backend.device, dtype=number_type)
                except (RuntimeError, TypeError):  # not every device multiplies every type
                    continue
                found.setdefault(name, {})[count] = flops
        return {name: dict(sorted(rates.items())) for name, rates in found.items()}

    def presets(self, subjects: Sequence[Workload], matrix: Mapping[str, Mapping[int, float]]) -> list[PresetSpeed]:
        """The rates of presets. `matrix` decides how many rows a step has."""
        return [self._preset(subject, matrix) for subject in subjects]

    def _preset(self, subject: Workload, matrix: Mapping[str, Mapping[int, float]]) -> PresetSpeed:
        training = subject.experiment.training
        assert training is not None
        precision = precision_of(self.backend, training.precision)
        fastest = max(matrix.get(precision, matrix["fp32"]).values())
        rows = max(1, min(subject.batch_size, int(STEP_SECONDS * fastest / subject.flops)))
        step = subject.training(self.backend, rows)
        rates: dict[int, float] = {}
        for count in self._each(f"Measuring {subject.name}"):
            step()  # allocates memory, and compiles for this number of threads
            rates[count] = rows * rate(step, PRESET_SECONDS, waiting_for(self.backend.device), least=1)
        return PresetSpeed(subject, precision, rows, rates)

    def _each(self, heading: str) -> Iterator[int]:
        """The numbers of threads, each in use when it is yielded."""
        for count in self.counts:
            if count in self.counts[:2] or self.clock() < self.deadline:
                self.job.heading = f"{heading} with {counted(count, 'thread')}" if len(self.counts) > 1 else heading
                with using_threads(count) if len(self.counts) > 1 else contextlib.nullcontext():
                    yield count
            self.job.advance()


def thread_counts(threads: int) -> list[int]:
    """One, all, and at most three numbers between them: halves of all, halves of these and so on."""
    between = [count for count in (threads // 2, threads // 4, threads // 8) if count > 1]
    return [*dict.fromkeys((1, threads)), *between]


def estimate(workload: Workload, speeds: Iterable[PresetSpeed]) -> PresetTime:
    """The time of a preset: its operations over the rate of the nearest measured preset.

    Near is what has the same width, which decides how much of the matrix rate a network reaches; then the same mixing; then
    about as much work in a step.
    """

    def distance(speed: PresetSpeed) -> tuple[float, bool, float]:
        other = speed.workload
        return (
            abs(math.log(other.model.hidden_dim / workload.model.hidden_dim)),
            other.model.mixing != workload.model.mixing,
            abs(math.log(other.step_flops / workload.step_flops)),
        )

    nearest = min(speeds, key=distance)
    return PresetTime(
        workload.name,
        training_steps(workload),
        workload.step_flops / nearest.flops_per_second,
        nearest.workload.name,
        workload.experiment.starts_from,
    )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, TRMError) else described(error)
