"""Measurements of training steps: each preset in each number type, eager, compiled, with CUDA graphs, and in the trainer."""

from __future__ import annotations

import contextlib
import functools
import gc
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import throughput
import torch

from gpu_parts.part import Settings, Skipped, Work
from gpu_parts.small import Stop, no_test_puzzles
from trm import TinyRecursiveModel, Trainer
from trm.data import PuzzleSet
from trm.data.sampler import GroupSampler
from trm.devices import get_backend
from trm.experiment.experiment import Experiment
from trm.training.accumulation import out_of_memory
from trm.training.monitor import Monitor, TrainingView
from trm.utils import set_seed

EAGER: dict[str, Any] | None = None
COMPILATIONS: dict[str, dict[str, Any] | None] = {
    "eager": EAGER,
    "textbook": EAGER,
    "compiled": {},
    "graphs": {"mode": "reduce-overhead"},
}
"""The ways to compute a step, and the arguments of `TinyRecursiveModel.compile` for them; None does not compile."""
PRECISIONS = ("fp32", "bf16")
WARM_UP = 3


def multiply_rates(work: Work) -> str:
    """Rates of a large matrix product in each number type, and of copying memory."""
    settings = work.settings
    size = 256 if settings.quick else 8192 if settings.kind != "cpu" else 1024
    types = {"fp32": (torch.float32, False), "bf16": (torch.bfloat16, False)}
    if settings.kind == "cuda":
        types["tf32"] = (torch.float32, True)
    for name, (dtype, tf32) in types.items():
        torch.backends.cuda.matmul.allow_tf32 = tf32
        found = throughput.multiply_rate(settings.seconds, size, device=settings.device, dtype=dtype)
        torch.backends.cuda.matmul.allow_tf32 = False
        work.add({"type": name, "teraflops": found / 1e12, "size": size})
    source = torch.empty(2**22 if settings.kind == "cpu" else 2**28, device=settings.device)
    target = torch.empty_like(source)
    copies = throughput.rate(lambda: target.copy_(source), settings.seconds / 3, settings.wait)
    work.add({"type": "copy", "gigabytes_per_second": 2 * source.nbytes * copies / 1e9})
    return "the rates below are relative to these"


def steps(work: Work, preset: str, way: str, precisions: tuple[str, ...] = PRECISIONS) -> str:
    """Rates of a bare training step on random tokens: forward, backward and update, at the preset's batch size if it fits."""
    if way == "graphs" and work.settings.kind != "cuda":
        raise Skipped("CUDA graphs need a CUDA device")
    _tidy(work.settings)
    rates, errors = [], []
    for precision in precisions:
        if work.left() < 2 * work.settings.seconds:
            errors.append(f"no time for {precision}")
            continue
        try:
            row = _fitting(work.settings, functools.partial(_measured, work.settings, preset, way, precision))
        except Exception as error:
            errors.append(f"{precision}: {type(error).__name__}: {error}")
            continue
        work.add({"preset": preset, "way": way, "precision": precision, **row})
        rates.append(f"{row['examples_per_second']:,.1f} in {precision}")
    if errors:
        raise RuntimeError("; ".join(errors))
    return f"examples per second: {', '.join(rates)}"


def _tidy(settings: Settings) -> None:
    """Free the memory of earlier parts; compiled models are in reference cycles."""
    torch._dynamo.reset()
    gc.collect()
    get_backend(settings.device).release_memory()


def _fitting(settings: Settings, measured: Callable[[int | None], dict[str, Any]]) -> dict[str, Any]:
    """What `measured` returns for the largest batch that fits: the whole one, its half, a quarter, ...

    Raises:
        RuntimeError: not even one row fits.
    """
    rows = settings.rows
    while True:
        try:
            return measured(rows)
        except _TooLarge as error:
            rows = error.rows // 2
        if not rows:
            raise RuntimeError("there is no memory for a batch of one")
        get_backend(settings.device).release_memory()


class _TooLarge(Exception):
    """A batch does not fit into memory.

    Args:
        rows: its size.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


@contextlib.contextmanager
def _noticing_lack_of_memory(rows: int) -> Iterator[None]:
    """Raise `_TooLarge` without the failed step's traceback, which would keep its tensors alive."""
    try:
        yield
        return
    except Exception as error:
        if not out_of_memory(error):
            raise
    raise _TooLarge(rows)


def _measured(settings: Settings, preset: str, way: str, precision: str, rows: int | None) -> dict[str, Any]:
    task, _, name = preset.partition(":")
    wanted = min(rows or 2**31, _batch_size(task, name))
    equations = throughput.plain_equations if way == "textbook" else contextlib.nullcontext
    torch._dynamo.reset()
    with _noticing_lack_of_memory(wanted), equations(), get_backend(settings.device).autocast(precision):
        this = throughput.case(task, name, float("inf"), settings.device, rows=wanted)
        options = COMPILATIONS[way]
        if options is not None:
            this.model.compile(**(options if not settings.quick else {"backend": "eager"}))
        step = _marked(this.step) if way == "graphs" else this.step
        started = time.perf_counter()
        for _ in range(WARM_UP if not settings.quick else 1):
            step()
        settings.wait()
        warm_up = time.perf_counter() - started
        found = throughput.rate(step, settings.seconds, settings.wait)
        row = {
            "batch": this.batch_size,
            "parameters": this.model.num_parameters(),
            "examples_per_second": found * this.batch_size,
            "gflop_per_example": this.flops / this.batch_size / 1e9,
            "teraflops": found * this.flops / 1e12,
            "warm_up_seconds": warm_up,
        }
    if settings.kind == "cuda":
        row["peak_gib"] = torch.cuda.max_memory_allocated(settings.device) / 2**30
        torch.cuda.reset_peak_memory_stats(settings.device)
    return row


def _marked(step: Callable[[], None]) -> Callable[[], None]:
    """A step that tells the compiler that the tensors of the one before it may be overwritten."""

    def marked() -> None:
        torch.compiler.cudagraph_mark_step_begin()
        step()

    return marked


def _batch_size(task: str, preset: str) -> int:
    training = Experiment.from_preset(task, preset).training
    assert training is not None
    return training.batch_size


def trainer(work: Work, preset: str, compile: str = "off") -> str:
    """Rate of the trainer's own steps on random puzzles, and how often one waits for the device.

    This includes what a bare step lacks: halting, refilling slots, checks for non-finite gradients, averaged weights.
    """
    settings = work.settings
    if compile == "auto" and not get_backend(settings.device).compiles():
        raise Skipped("by default, trainings are not compiled on this device")
    task, _, name = preset.partition(":")
    experiment = Experiment.from_preset(task, name)
    config, description = throughput.model_config(experiment), experiment.task.description
    assert experiment.training is not None
    rows = min(experiment.training.batch_size, settings.rows or 2**31)
    training = experiment.training.model_copy(
        update={"batch_size": rows, "compile": compile, "num_epochs": None, "max_steps": 10**9, "eval_interval": None}
    )
    if description.input_width > description.seq_len:
        raise Skipped("puzzles with a structure of their own cannot be random")
    _tidy(settings)
    set_seed(0)
    inputs, labels = torch.randint(description.vocab_size, (2, 4 * rows, description.seq_len)).numpy()
    model = TinyRecursiveModel(config)
    clock = _Clock(settings, work.left())
    this = Trainer(model, training, settings.device, monitor=clock)
    with contextlib.suppress(Stop):
        this.fit(GroupSampler(PuzzleSet(inputs, labels, description), 0), no_test_puzzles, {})
    work.add(
        {
            "preset": preset,
            "way": "trainer" if compile == "off" else "trainer, compiled",
            "precision": "auto",
            "batch": rows,
            "at_once": this.state.accumulation.rows,
            "examples_per_second": rows * clock.steps / clock.seconds,
            "warm_up_seconds": clock.warm_up,
            "waits": sum(clock.waits.values()) if settings.kind == "cuda" else None,
            "waits_at": dict(clock.waits.most_common()),
        }
    )
    return f"examples per second: {rows * clock.steps / clock.seconds:,.1f}"


class _Clock(Monitor):
    """Times steps of a training after a few for warming up, then counts the waits of one more, and stops it.

    Attributes:
        steps: how many steps were timed.
        seconds: how long they took.
        warm_up: seconds before.
        waits: how often the last step waited for the device, by place. Empty on a device that is not CUDA.
    """

    def __init__(self, settings: Settings, left: float) -> None:
        self.settings, self.limit = settings, min(settings.seconds, left / 3)
        self.created = self.started = time.perf_counter()
        self.steps, self.seconds, self.warm_up = 0, 0.0, 0.0
        self.waits: Counter[str] = Counter()
        self.context = warnings.catch_warnings(record=True)
        self.caught: Any = None

    def step(self, training: TrainingView, progress: float) -> None:
        """Called after each step."""
        now = time.perf_counter()
        first = WARM_UP if not self.settings.quick else 1
        if training.step == first:
            self.settings.wait()
            self.started = time.perf_counter()
            self.warm_up = self.started - self.created
        elif training.step > first and self.caught is None:
            self.steps, self.seconds = self.steps + 1, now - self.started
            if self.steps > 1 and self.seconds > self.limit:
                self.settings.wait()
                self.seconds = time.perf_counter() - self.started
                self._count_waits()
        elif self.caught is not None:
            self._stop()

    def _count_waits(self) -> None:
        self.caught = self.context.__enter__()
        warnings.simplefilter("always")
        if self.settings.kind == "cuda":
            torch.cuda.set_sync_debug_mode("warn")

    def _stop(self) -> None:
        if self.settings.kind == "cuda":
            torch.cuda.set_sync_debug_mode("default")
        self.context.__exit__(None, None, None)
        self.waits.update(
            f"{Path(warning.filename).name}:{warning.lineno}"
            for warning in self.caught
            if "synchroniz" in str(warning.message)
        )
        raise Stop("measured")
