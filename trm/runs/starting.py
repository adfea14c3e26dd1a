"""Whether weights fit the training that is to start from them, and what differs if they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trm.config import RunConfig
from trm.errors import UsageError
from trm.runs.building import planned_shapes
from trm.runs.locate import Checkpoint
from trm.runs.tensors import misfits

EXAMPLES = 1
"""Tensors of each kind that a message names if settings explain why they do not fit."""

SHAPING = (
    "architecture",
    "mixing",
    "mixing_options",
    "hidden_dim",
    "num_layers",
    "num_layers_high",
    "num_heads",
    "mlp_ratio",
    "mlp_multiple_of",
    "activation",
    "positions",
    "puzzle_tokens",
    "puzzle_dim",
)
"""Settings of the model that its tensors depend on."""

RESIZED = ("vocab_size", "context_length")
"""What the tensors of a resizable mixer do not depend on."""

OF_THE_DATA = {"vocab_size": "tokens", "context_length": "positions", "num_puzzles": "puzzle ids"}
"""What tensors may depend on, too, but the data decides, with what it counts."""


def check_start(start: Checkpoint, run: RunConfig) -> None:
    """Check that a training can start from weights.

    Args:
        start: the weights.
        run: the training.

    Raises:
        UsageError: a tensor is missing, unexpected or of another shape. The message names the settings that differ.
    """
    planned = planned_shapes(run.model, start.path)
    problem = misfits(planned, start.tensors)
    if problem is None:
        return
    differences = list(_differences(start.run, run))
    if not differences:  # the file does not fit its own configuration
        raise UsageError(f"Cannot start from the weights in {start.path}: {problem}.")
    example = misfits(planned, start.tensors, EXAMPLES) or ""
    raise UsageError(
        f"Cannot start from the weights in {start.path}, which belong to another model: {'; '.join(differences)}. "
        f"{_advice(start.run, run)} ({example[:1].upper()}{example[1:]}.)"
    )


def _differences(start: RunConfig, run: RunConfig) -> Iterator[str]:
    if start.task != run.task:
        yield f"they were trained on task {start.task!r}, this run trains on {run.task!r}"
    resizable = run.model.mixer.resizable and start.model.mixing == run.model.mixing and run.model.positions == "none"
    for name, counted in OF_THE_DATA.items():
        old, new = getattr(start.model, name), getattr(run.model, name)
        if old != new and not (resizable and name in RESIZED):
            yield f"they have {old} {counted}, this run has {new}"
    for name in SHAPING:
        old, new = getattr(start.model, name), getattr(run.model, name)
        if old != new:
            yield f"model.{name} is {_shown(old)} there and {_shown(new)} in this run"


def _advice(start: RunConfig, run: RunConfig) -> str:
    if start.task != run.task:
        return f"Choose weights of task {run.task!r}."
    changes = [name for name in SHAPING if getattr(start.model, name) != getattr(run.model, name)]
    if changes:
        sets = " ".join(f"--set model.{name}={_shown(getattr(start.model, name))}" for name in changes)
        return f"To follow the weights, use {sets}; or choose other weights."
    return "Choose data of the same size, or other weights: only weights of a resizable mixer fit every size."


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
