"""Checks of a device: the same results as on the CPU, whichever way they are computed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

import trm
import trm.errors
from gpu_parts.machine import description
from gpu_parts.part import Settings, Skipped, Work
from gpu_parts.small import KINDS, Losses, Small, Stop, difference, step, trained
from trm.devices import get_backend
from trm.model import TinyRecursiveModel
from trm.runs.history import read_history
from trm.training.optimizers import SignSGD, build_optimizers

ROOT = Path(__file__).resolve().parents[2]
TOLERANCES = {"fp32": 1e-3, "bf16": 0.35}
"""Largest differences from fp32 on the CPU, relative to the norm of each tensor. The recursion amplifies rounding; bf16 on a
CPU gives up to 0.16, for the gradients of grid mixing."""
ENDING = 6.0
"""Seconds in which a program that ran out of time is ended."""
TESTS = ("tests/training/test_training.py", "tests/training/test_failures.py")
PUZZLES = {
    "sudoku:quick": "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
    "arithmetic:quick": "123+456",
}


def same_results(work: Work) -> str:
    """A supervision step of every kind of network, with gradients, against fp32 on the CPU."""
    failures = []
    for kind in list(KINDS)[: 2 if work.settings.quick else None]:
        small = Small.build(kind)
        batch = small.batch()
        expected = step(small.model, batch, "fp32")
        for precision, tolerance in TOLERANCES.items():
            gap, name = difference(expected, step(small.on(work.settings.device), batch, precision))
            work.add({"network": kind, "precision": precision, "difference": gap, "in": name, "tolerance": tolerance})
            if not gap <= tolerance:
                failures.append(f"{kind} in {precision} differs by {gap:.1e} in {name}")
    if failures:
        raise AssertionError("; ".join(failures))
    return "outputs, states, loss and gradients of a step agree with fp32 on the CPU"


def same_answers(work: Work) -> str:
    """Shipped weights solve puzzles, with restarts and the task's check."""
    solved = []
    for name, text in PUZZLES.items():
        try:
            here, there = (trm.load(name, device=device) for device in ("cpu", work.settings.device))
        except trm.errors.UsageError as error:
            work.add({"weights": name, "not loaded": str(error)})
            continue
        options: dict[str, Any] = {"steps": 8, "restarts": 2, "check": True}
        expected, found = here.solve(text, **options), there.solve(text, **options)
        if not (expected.valid and found.valid and expected.text == found.text):
            raise AssertionError(f"{name} answers {text}: {found.text} here, {expected.text} on the CPU")
        solved.append(name)
    if not solved:
        raise Skipped("none of the tasks with these weights is installed")
    return f"the weights {' and '.join(solved)} solve a puzzle as on the CPU"


def same_training(work: Work) -> str:
    """Eight steps in fp32 with halting, exploration, noise and puzzle vectors, by each optimizer."""
    for optimizer in ("adam_atan2",) if work.settings.quick else ("adam_atan2", "adamw", "muon"):
        small = Small.build("attention")
        expected, found = (
            trained(small, device, optimizer=optimizer)[1].values for device in ("cpu", work.settings.device)
        )
        gap = max(abs(one - other) / abs(one) for one, other in zip(expected, found, strict=True))
        work.add({"optimizer": optimizer, "steps": len(found), "difference": gap})
        if not gap <= 1e-2:
            raise AssertionError(f"with {optimizer} the losses are {found}, on the CPU {expected}")
    return "the losses of a training agree with the CPU's"


def puzzle_table(work: Work) -> str:
    """One update of the puzzle vectors by sign-SGD: the same rows as on the CPU, the others untouched."""
    small = Small.build("attention")
    batch = small.batch(4)  # the first 4 of 8 ids
    tables = []
    for device in ("cpu", work.settings.device):
        model = small.on(device)
        optimizer = build_optimizers(model, trained_with())[0]
        assert isinstance(optimizer, SignSGD)
        step(model, batch, "fp32")
        optimizer.step()
        tables.append(_table(model))
    before, (expected, found) = _table(small.model), tables
    touched = (found != before).any(1)
    if touched.tolist() != [True] * 4 + [False] * 4:
        raise AssertionError(f"the rows changed are {touched.tolist()}, expected the first four")
    same = float((found[:4] - expected[:4]).abs().lt(1e-5).float().mean())
    work.add({"same elements": same})
    if same < 0.99:  # gradients of almost zero may have another sign
        raise AssertionError(f"only {same:.1%} of the elements of the rows are those of the CPU")
    return f"4 of 8 rows changed, {same:.1%} of their elements as on the CPU"


def _table(model: TinyRecursiveModel) -> torch.Tensor:
    assert model.embedding.puzzles is not None
    return model.embedding.puzzles.weight.detach().cpu().clone()


def trained_with() -> trm.TrainingConfig:
    """The settings of the update in `puzzle_table`."""
    return trm.TrainingConfig(max_steps=1, puzzle_learning_rate=0.01, puzzle_weight_decay=0.1)


def resume(work: Work) -> str:
    """A training that is stopped and resumed from its checkpoint has the weights of one that is not."""
    exact = True
    optimizers = ("muon",) if work.settings.quick else ("adam_atan2", "adamw", "muon")
    with _deterministic(), tempfile.TemporaryDirectory() as folder:
        for optimizer in optimizers:
            small, settings = Small.build("attention"), {"optimizer": optimizer, "save_interval": 2}
            whole, _ = trained(small, work.settings.device, **settings)
            path = Path(folder) / optimizer
            with contextlib.suppress(Stop):
                trained(small, work.settings.device, path, Losses(_stop_at_5), **settings)
            parts, _ = trained(small, work.settings.device, path, **settings)
            expected, found = (
                {name: value.cpu() for name, value in training.model.state_dict().items()}
                for training in (whole, parts)
            )
            gap, name = difference(expected, found)
            same = all(torch.equal(value, found[name]) for name, value in expected.items())
            work.add({"optimizer": optimizer, "bitwise": same, "difference": gap})
            exact = exact and same
            if not gap <= 1e-4:
                raise AssertionError(f"with {optimizer}, {name} differs by {gap:.1e} after the training was resumed")
    return f"{'bitwise' if exact else 'up to rounding'} the same weights after resuming, with {', '.join(optimizers)}"


def _stop_at_5(training: Any) -> None:
    if training.step == 5:
        raise Stop("stopped after the checkpoint of step 4")


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the gradients of the other ways to compute attention depend on timing
            yield
    finally:
        torch.use_deterministic_algorithms(False)


def out_of_memory(work: Work) -> str:
    """A training whose batch does not fit into memory goes on in parts, with the same losses up to rounding."""
    small, rows = Small.build("relational"), 16 if work.settings.quick else 64
    settings: dict[str, Any] = {"batch_size": rows, "max_steps": 4, "state_noise": 0.0}
    _, expected = trained(small, work.settings.device, **settings)
    with _memory_for_half(work.settings, small, rows):
        parts, found = trained(small, work.settings.device, **settings)
    at_once = parts.state.accumulation.rows
    work.add({"batch": rows, "at once": at_once})
    if at_once >= rows:
        raise AssertionError(f"the batch of {rows} was not split")
    gap = max(abs(one - other) / abs(one) for one, other in zip(expected.values, found.values, strict=True))
    if not gap <= 1e-3:
        raise AssertionError(f"the losses are {found.values}, in one part {expected.values}")
    return f"a batch of {rows} is computed {at_once} at once, with the same losses"


@contextlib.contextmanager
def _memory_for_half(settings: Settings, small: Small, rows: int) -> Iterator[None]:
    """A context in which a batch does not fit. A GPU's memory is limited; on a CPU, allocating too much is refused."""
    if settings.kind == "cuda":
        device = torch.empty(0, device=settings.device).device  # with its number
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        step(small.on(settings.device), next(iter(small.puzzles.batches(rows))), "fp32")
        needed = torch.cuda.max_memory_allocated(device) - before
        torch.cuda.empty_cache()
        limit = torch.cuda.memory_reserved(device) + 0.7 * needed
        torch.cuda.set_per_process_memory_fraction(limit / torch.cuda.mem_get_info(device)[1], device)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, device)
        return
    whole = TinyRecursiveModel.supervision_step

    def limited(self: TinyRecursiveModel, inputs: torch.Tensor, *rest: Any) -> Any:
        if len(inputs) > rows // 2:
            torch.empty(2**62, dtype=torch.uint8)
        return whole(self, inputs, *rest)

    TinyRecursiveModel.supervision_step = limited  # type: ignore[method-assign]
    try:
        yield
    finally:
        TinyRecursiveModel.supervision_step = whole  # type: ignore[method-assign]


def compiled(work: Work) -> str:
    """A compiled step against the eager one."""
    cases: list[tuple[str, str, dict[str, Any]]] = [("relational", "fp32", {}), ("attention", "bf16", {})]
    if work.settings.kind == "cuda":
        cases.append(("mixer", "bf16", {"mode": "reduce-overhead"}))
    if work.settings.quick:
        cases = [("mixer", "fp32", {"backend": "eager"})]
    for kind, precision, options in cases:
        torch._dynamo.reset()
        small = Small.build(kind)
        eager, model = small.on(work.settings.device), small.on(work.settings.device)
        model.compile(**options)
        batch = small.batch()
        for _ in range(3):  # CUDA graphs are recorded in the second call
            torch.compiler.cudagraph_mark_step_begin()
            gap, name = difference(step(eager, batch, precision), step(model, batch, precision))
        work.add({"network": kind, "precision": precision, **options, "difference": gap, "in": name})
        if not gap <= TOLERANCES[precision]:
            raise AssertionError(f"{kind} in {precision}, compiled with {options}, differs by {gap:.1e} in {name}")
    return "a compiled step agrees with the eager one"


def two_processes(work: Work) -> str:
    """A training in two processes under torchrun has the losses of one in a single process."""
    if work.settings.quick:
        raise Skipped("not with --quick: it starts three processes")
    if work.settings.kind != "cpu" and torch.get_device_module(work.settings.kind).device_count() < 2:
        raise Skipped(f"there is one {work.settings.kind} device, and it takes two")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "trm"]
    settings = ("max_steps=10", "log_interval=1", "batch_size=16", "precision=fp32", "compile=off")
    words = ["train", "sudoku", "--preset", "mini", "--device", work.settings.kind, "--quiet"]
    words += ["--set", "task.train_puzzles=200", "--set", "task.test_puzzles=16"]
    words += [word for setting in settings for word in ("--set", f"training.{setting}")]
    with tempfile.TemporaryDirectory() as folder:
        losses = []
        for name, start in (("one", ["-m", "trm"]), ("two", launcher)):
            run = Path(folder) / name
            _call([sys.executable, *start, *words, "--output", str(run)], work)
            records = read_history(run).records
            losses.append([record["loss"] for record in records if "loss" in record])
    gap = max(abs(one - other) / abs(one) for one, other in zip(*losses, strict=True))
    work.add({"steps": len(losses[0]), "difference": gap})
    if not gap <= 1e-3:
        raise AssertionError(f"the losses of two processes are {losses[1]}, of one {losses[0]}")
    return f"{len(losses[0])} steps in two processes have the losses of one process"


def project_tests(work: Work) -> str:
    """Tests of the trainer, with their models on the device."""
    if work.settings.quick:
        raise Skipped("not with --quick: it starts pytest")
    if not (ROOT / "tests").is_dir():
        raise Skipped("the tests are not here")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *TESTS]
    last = _call(command, work, TRM_TEST_DEVICE=work.settings.device).strip().splitlines()[-1]
    return f"{', '.join(TESTS)}: {last}"


def _call(command: list[str], work: Work, **environment: str) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        AssertionError: it failed, or ran out of time. torchrun is asked to end first, so that it ends its processes.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=max(work.left() - ENDING, 1))
        except subprocess.TimeoutExpired:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING / 2)
            process.kill()
            raise AssertionError(f"out of time: {' '.join(command[1:6])} ...") from None
    if process.returncode:
        raise AssertionError(f"exit code {process.returncode}: {printed[-2000:]}")
    return printed


def device_is_there(work: Work) -> str:
    """The device exists and can multiply."""
    backend = get_backend(work.settings.device)
    product = torch.ones(8, 8, device=backend.device) @ torch.ones(8, 8, device=backend.device)
    if product.sum().item() != 512:
        raise AssertionError("the product of two matrices of ones is wrong")
    work.add(description(work.settings.device))
    return backend.describe()
