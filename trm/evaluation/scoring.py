"""Running a model over test puzzles and scoring its answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.devices.backend import Backend
from trm.errors import PluginError, TRMError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.search import Search, search
from trm.model import TinyRecursiveModel, last

if TYPE_CHECKING:
    from trm.devices.processes import Processes


@dataclass
class Answer:
    """The last supervision step's output for a batch."""

    predictions: Tensor  # [B, L]
    halt_logits: Tensor  # [B]
    logits: Tensor | None  # [B, L, V]; None where a search chose among answers


@torch.no_grad()
def answer(model: TinyRecursiveModel, batch: Batch, steps: int, backend: Backend, precision: str = "auto") -> Answer:
    """Run `steps` supervision steps on a batch that is on the model's device. Evaluation never halts early."""
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
    precision: str = "auto",
) -> dict[str, float]:
    """Score a model.

    Args:
        model: put into evaluation mode while this runs.
        batches: the test puzzles.
        metrics: by name; reset first.
        backend: the device that the model is on.
        on_batch: called with the number of puzzles of each finished batch.
        plan: supervision steps and other test-time compute; left out, the model's own number of steps.
        processes: those that share the work: each takes its rows of every batch, and all get the same values.
        precision: number type of the matrix products, as `TrainingConfig.precision` has it.

    Returns:
        The value of each metric by name.

    Raises:
        PluginError: a metric failed.
    """
    plan = plan or Search(model.config.n_supervision)
    training = model.training
    model.eval()
    for metric in metrics.values():
        metric.reset()
    needs = {name for metric in metrics.values() for name in metric.needs}
    device = model.initial_answer.device
    try:
        for batch in batches:
            if processes is not None:
                batch = batch[processes.part(len(batch))]
            if not len(batch):
                continue
            if plan.plain:  # keeps the logits
                result = answer(model, batch.to(device), plan.steps, backend, precision)
            else:
                result = _searched(model, batch, plan, backend, precision)
            arrays = _arrays(batch, result, needs)
            for name, metric in metrics.items():
                with _named(name):
                    metric.update(arrays)
            if on_batch is not None:
                on_batch(len(batch))
    finally:
        model.train(training)
    everyone = [metrics] if processes is None else processes.counted(metrics)
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
    """Says which metric it was that failed."""
    try:
        yield
    except TRMError:
        raise
    except Exception as error:
        raise PluginError(f"Metric {metric!r} failed: {type(error).__name__}: {error}.") from error


def _searched(model: TinyRecursiveModel, batch: Batch, plan: Search, backend: Backend, precision: str) -> Answer:
    found = search(model, batch, plan, backend, precision)
    return Answer(torch.from_numpy(found.predictions), torch.from_numpy(found.halt_logits), None)


def _arrays(batch: Batch, result: Answer, needs: set[str]) -> dict[str, object]:
    if result.logits is None and "logits" in needs:
        raise UsageError(
            "A metric of this task needs logits, which a search has none of: leave out --restarts, --votes and "
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
