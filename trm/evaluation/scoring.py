"""Answering test puzzles with a model, and scoring the answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.devices.backend import Backend
from trm.devices.processes import Processes
from trm.errors import PluginError, TRMError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.search import Search, search
from trm.model import TinyRecursiveModel, last


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
    """
    with backend.autocast(precision):
        output = last(model.steps(batch.inputs, model.initial_state(len(batch)), batch.puzzle_ids, steps)).output
    return Answer(output.logits.argmax(-1), output.halt_logits, output.logits)


def evaluate(
    model: TinyRecursiveModel,
    batches: Iterable[Batch],
    metrics: Mapping[str, Metric],
    backend: Backend,
    on_batch: Callable[[int], None] | None = None,
    plan: Search | None = None,
    processes: Processes | None = None,
) -> dict[str, float]:
    """Score a model.

    Args:
        model: on the backend's device; in evaluation mode while this runs.
        batches: the test puzzles.
        metrics: by name. They are reset first.
        backend: the device.
        on_batch: called after each batch with its number of puzzles.
        plan: supervision steps and other test-time compute. Default: the model's own number of steps.
        processes: the processes that share the work. Each scores its rows of every batch; all return the same values.

    Returns:
        The value of each metric by name.

    Raises:
        PluginError: a metric failed.
        UsageError: a metric needs logits, which a search does not give.
    """
    plan = plan or Search(model.config.n_supervision)
    needs = {name for metric in metrics.values() for name in metric.needs}
    for metric in metrics.values():
        metric.reset()
    with _evaluation_mode(model):
        for batch in batches:
            rows = batch if processes is None else batch[processes.part(len(batch))]
            if not len(rows):
                continue
            arrays = _arrays(rows, _answered(model, rows, plan, backend), needs)
            for name, metric in metrics.items():
                with _named(name):
                    metric.update(arrays)
            if on_batch is not None:
                on_batch(len(rows))
    return _computed(metrics, processes)


@contextlib.contextmanager
def _evaluation_mode(model: TinyRecursiveModel) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _answered(model: TinyRecursiveModel, batch: Batch, plan: Search, backend: Backend) -> Answer:
    """The answers that a plan gives for a batch; only a plan without a search keeps the logits."""
    if plan.plain:
        return answer(model, batch.to(backend.device), plan.steps, backend, plan.precision)
    found = search(model, batch, plan, backend)
    return Answer(torch.from_numpy(found.predictions), torch.from_numpy(found.halt_logits), None)


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
