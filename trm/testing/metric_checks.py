"""Checks of the metrics."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np

from trm.data.puzzle_set import IntArray
from trm.evaluation.metrics import Metric
from trm.testing.check import CheckSkipped, plugin_code, require
from trm.testing.subject import Subject


def batch_of(inputs: IntArray, labels: IntArray, predictions: IntArray, vocabulary: int) -> dict[str, Any]:
    """Everything that a metric may need for predictions ``[B, L]``, with logits that agree with them."""
    return {
        "inputs": inputs,
        "labels": labels,
        "predictions": predictions,
        "halt_logits": np.zeros(len(inputs), dtype=np.float32),
        "logits": np.eye(vocabulary, dtype=np.float32)[predictions] * 10,
    }


def score(metric: Metric, inputs: IntArray, labels: IntArray, predictions: IntArray, vocabulary: int) -> float:
    """The value of an unused metric for one batch."""
    batch = batch_of(inputs, labels, predictions, vocabulary)
    with plugin_code(f"Metric {type(metric).__name__}"):
        fresh = copy.deepcopy(metric)
        fresh.update({name: batch[name] for name in fresh.needs})
        return float(fresh.compute())


def metrics_score(subject: Subject) -> None:
    """Perfect predictions score 1 (0 if lower is better), and predictions with a wrong cell in every puzzle score worse."""
    found = False
    vocabulary = subject.description.vocab_size
    for spec, metric in subject.metrics():
        found = True
        perfect = score(metric, subject.inputs, subject.labels, subject.answers, vocabulary)
        best = 1.0 if spec.higher_is_better else 0.0
        require(
            perfect == best,
            f"Metric {spec.name!r} gives {perfect:.4g} for perfect predictions, expected {best:g}.",
            "Most likely it counts positions whose label is -100, or expects another answer than the label.",
        )
        wrong = score(metric, subject.inputs, subject.labels, subject.corrupted(subject.answers), vocabulary)
        require(
            math.isfinite(wrong) and (wrong < best if spec.higher_is_better else wrong > best),
            f"Metric {spec.name!r} gives {wrong:.4g} for predictions with one wrong cell in each puzzle, as for perfect ones.",
            "Most likely it compares the wrong arrays, or looks only at the positions that the puzzle gives.",
        )
    if not found:
        raise CheckSkipped("the task has no metric of its own")


def metrics_merge(subject: Subject) -> None:
    """Counts merged from three processes, one without puzzles, give what one process computes; `reset` clears them."""
    found = False
    rows = len(subject.inputs)
    mixed = np.where((np.arange(rows) % 3 == 0)[:, None], subject.corrupted(subject.answers), subject.answers)
    batch = batch_of(subject.inputs, subject.labels, mixed, subject.description.vocab_size)
    for spec, whole in subject.metrics():
        found = True
        with plugin_code(f"Metric {spec.name!r}"):
            parts = [pickle.loads(pickle.dumps(whole)) for _ in range(3)]
            for metric, share in (
                (whole, slice(None)),
                (parts[0], slice(0, rows // 4)),
                (parts[1], slice(rows // 4, rows)),
            ):
                metric.update({name: batch[name][share] for name in metric.needs})
            alone = whole.compute()
            for other in parts[1:]:
                parts[0].merge(other)
            together = parts[0].compute()
        require(
            math.isclose(together, alone, rel_tol=1e-9, abs_tol=1e-9),
            f"Metric {spec.name!r} is {alone:.4g} in one process and {together:.4g} merged from three.",
            "Most likely `merge` averages finished scores: add up the counts, and divide in `compute`.",
        )
        require(
            whole.compute() == alone,
            f"Metric {spec.name!r} gives another value when `compute` is called again.",
            "Most likely `compute` changes the counts.",
        )
        with plugin_code(f"Metric {spec.name!r}"):
            whole.reset()
            whole.update({name: batch[name] for name in whole.needs})
            repeated = whole.compute()
        require(
            math.isclose(repeated, alone, rel_tol=1e-9, abs_tol=1e-9),
            f"Metric {spec.name!r} is {alone:.4g}, and {repeated:.4g} for the same answers after `reset`.",
            "Most likely `reset` does not clear every count.",
        )
    if not found:
        raise CheckSkipped("the task has no metric of its own")
