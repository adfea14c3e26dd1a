"""Answering test puzzles with a model, and scoring the answers."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.devices.backend import Backend
from trm.devices.processes import Processes
from trm.errors import DataError, PluginError, TRMError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.requests import unheard
from trm.evaluation.row_pool import RowPool
from trm.evaluation.search import Found, Search
from trm.model import TinyRecursiveModel, last
from trm.model.checks import check_puzzles


@dataclass
class Answer:
    """The answers to a batch.

    Attributes:
        predictions: tokens ``[B, L]``.
        halt_logits: ``[B]``.
        logits: ``[B, L, V]``; None if a search chose among several answers.
    """

    predictions: Tensor
    halt_logits: Tensor
    logits: Tensor | None


@torch.no_grad()
def answer(model: TinyRecursiveModel, batch: Batch, steps: int, backend: Backend, precision: str = "auto") -> Answer:
    """Answer a batch with a fixed number of supervision steps: evaluation never halts early.

    Args:
        model: the network.
        batch: puzzles on the model's device.
        steps: number of supervision steps.
        backend: the device.
        precision: number type of the matrix products, see `TrainingConfig.precision`.

    Raises:
        UsageError: `steps` is below 1, or a token, label or id is out of the model's range.
    """
    check_puzzles(model.config, batch.inputs, batch.labels, batch.puzzle_ids)
    return _answer(model, batch, steps, backend, precision)


@torch.no_grad()
def _answer(model: TinyRecursiveModel, batch: Batch, steps: int, backend: Backend, precision: str) -> Answer:
    with backend.autocast(precision):
        output = last(model.steps(batch.inputs, model.initial_state(len(batch)), batch.puzzle_ids, steps)).output
    return Answer(output.logits.argmax(-1), output.halt_logits, output.logits)


def evaluate(
    model: TinyRecursiveModel,
    batches: Iterable[Batch],
    metrics: Mapping[str, Metric],
    backend: Backend,
    on_answers: Callable[[int], None] | None = None,
    plan: Search | None = None,
    processes: Processes | None = None,
) -> dict[str, float]:
    """Score a model.

    Args:
        model: on the backend's device; in evaluation mode while this runs.
        batches: the test puzzles.
        metrics: by name. They are reset first.
        backend: the device.
        on_answers: called with the number of puzzles answered since the last call.
        plan: supervision steps and other test-time compute. Default: the model's own number of steps.
        processes: the processes that share the work. Each scores its rows of every batch; all return the same values.

    Returns:
        The value of each metric by name, over the puzzles with a known answer; empty if no puzzle has one.

    Raises:
        DataError: there is no puzzle at all, but a metric asks for some.
        PluginError: a metric failed.
        UsageError: a metric needs logits, which a search does not give, or a token, label or id is out of range.
    """
    plan = plan or Search(model.config.n_supervision)
    needs = {name for metric in metrics.values() for name in metric.needs}
    for metric in metrics.values():
        metric.reset()
    report = unheard if on_answers is None else on_answers
    puzzles = _Puzzles(model, processes, report)
    with _evaluation_mode(model):
        for batch, result in _answered(model, puzzles.scored(batches), plan, backend, report):
            arrays = _arrays(batch, result, needs)
            for name, metric in metrics.items():
                with _named(name):
                    metric.update(arrays)
    if metrics and not puzzles.seen:
        raise DataError("There are no test puzzles to score: the test set is empty.")
    return _computed(metrics, processes) if puzzles.known else {}


class _Puzzles:
    """Chooses the puzzles of test batches that this process scores: its own part of those with a known answer.

    Attributes:
        seen: number of puzzles in the batches of all processes.
        known: how many of them have a known answer.
    """

    def __init__(
        self, model: TinyRecursiveModel, processes: Processes | None, on_skipped: Callable[[int], None]
    ) -> None:
        self.model, self.processes, self.on_skipped = model, processes, on_skipped
        self.seen = self.known = 0

    def scored(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches to score, none of them empty, as they are asked for."""
        for batch in batches:
            check_puzzles(self.model.config, batch.inputs, batch.labels, batch.puzzle_ids)
            known = batch.has_answer()
            self.seen, self.known = self.seen + len(batch), self.known + int(known.sum())
            part = slice(0, len(batch)) if self.processes is None else self.processes.part(len(batch))
            own, has_answer = batch[part], known[part]
            if not has_answer.all():
                self.on_skipped(int((~has_answer).sum()))
                own = own[has_answer]
            if len(own):
                yield own


@contextlib.contextmanager
def _evaluation_mode(model: TinyRecursiveModel) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _answered(
    model: TinyRecursiveModel,
    batches: Iterable[Batch],
    plan: Search,
    backend: Backend,
    on_answers: Callable[[int], None],
) -> Iterator[tuple[Batch, Answer]]:
    """The batches with the answers that a plan gives; only a plan without a search keeps the logits."""
    if not plan.plain:
        yield from _searched(model, batches, plan, backend, on_answers)
        return
    for batch in batches:
        yield batch, _answer(model, batch.to(backend.device), plan.steps, backend, plan.precision)
        on_answers(len(batch))


def _searched(
    model: TinyRecursiveModel,
    batches: Iterable[Batch],
    plan: Search,
    backend: Backend,
    on_answers: Callable[[int], None],
) -> Iterator[tuple[Batch, Answer]]:
    """The batches with answers of a search, in order. Puzzles of later batches take the rows of puzzles that are done."""
    source, begun = iter(batches), deque[_Begun]()
    pool: RowPool[tuple[_Begun, int]] | None = None
    while True:
        while (pool is None or pool.hungry) and (batch := next(source, None)) is not None:
            pool = pool or RowPool(model, plan, backend, rows=len(batch))
            begun.append(_Begun(batch))
            for row, (inputs, puzzle_id) in enumerate(zip(batch.inputs.cpu(), batch.puzzle_ids.tolist(), strict=True)):
                pool.add((begun[-1], row), inputs.numpy(), puzzle_id)
        if pool is None or not pool.busy:
            return
        found = pool.step()
        for (started, row), chosen in found:
            started.found[row] = chosen
        on_answers(len(found))
        while begun and len(begun[0].found) == len(begun[0].batch):
            done = begun.popleft()
            yield done.batch, done.answer()


@dataclass(eq=False)
class _Begun:
    """A batch that is being solved, with the answers to some of its rows."""

    batch: Batch
    found: dict[int, Found] = field(default_factory=dict)

    def answer(self) -> Answer:
        chosen = [self.found[row] for row in range(len(self.batch))]
        predictions = torch.from_numpy(np.stack([found.answer for found in chosen]))
        return Answer(predictions, torch.tensor([found.halt_logit for found in chosen], dtype=torch.float64), None)


def _computed(metrics: Mapping[str, Metric], processes: Processes | None) -> dict[str, float]:
    """The value of each metric over the counts of all processes."""
    everyone = [metrics] if processes is None else processes.gather_objects(metrics)
    values = {}
    for name, metric in metrics.items():
        with _named(name):
            if len(everyone) > 1:
                metric.reset()
                for counted in everyone:
                    metric.merge(counted[name])
            values[name] = metric.compute()
    return values


@contextlib.contextmanager
def _named(metric: str) -> Iterator[None]:
    """Raise errors of a metric as a `PluginError` that names it."""
    try:
        yield
    except TRMError:
        raise
    except Exception as error:
        raise PluginError(f"Metric {metric!r} failed: {type(error).__name__}: {error}.") from error


def _arrays(batch: Batch, result: Answer, needs: set[str]) -> dict[str, object]:
    if result.logits is None and "logits" in needs:
        raise UsageError(
            "A metric of this task needs logits, which a search does not give. Omit --restarts, --votes and "
            "--answer surest (training.eval_answer)."
        )
    tensors: dict[str, Any] = {
        "inputs": batch.inputs,
        "labels": batch.labels,
        "predictions": result.predictions,
        "halt_logits": result.halt_logits,
        "logits": result.logits,
    }
    return {
        name: tensors[name].float().cpu().numpy() if tensors[name].is_floating_point() else tensors[name].cpu().numpy()
        for name in needs
    }
