"""One optimizer step: refill the slots, compute gradients, update the weights, or skip a step that is not finite."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.data.sampler import ExampleStream
from trm.errors import NotFiniteError, PluginError, TRMError
from trm.model.checks import check_puzzles
from trm.training.agreement import agree, all_halted, all_slots
from trm.training.schedules import learning_rate_factor, set_learning_rates
from trm.training.state import TrainingState

logger = logging.getLogger("trm.training.trainer")

KeepBatch = Callable[[int, Mapping[str, Tensor]], Path]
"""Writes the slots of a step whose loss is not finite, and returns the file."""


def fill(state: TrainingState, stream: ExampleStream) -> None:
    """Give all slots their first puzzles."""
    state.slots.refill(_take(state, stream, state.config.batch_size))
    if state.config.stagger:
        state.slots.stagger()
    state.slots.halted.zero_()
    state.filled = True


def progress(state: TrainingState, stream: ExampleStream) -> float:
    """The share of the training that is done, 0 to 1: of its steps or its epochs, whichever ends first.

    With `refill` "discard", a last batch that the epochs cannot fill is not trained on, as in the paper's code.
    """
    config = state.config
    by_steps = state.step / config.max_steps if config.max_steps else 0.0
    by_epochs = stream.epochs / config.num_epochs if config.num_epochs else 0.0
    if config.refill == "discard" and state.step and by_epochs * (1 + 1 / state.step) > 1 + 1e-9:
        return 1.0
    return min(max(by_steps, by_epochs), 1.0)


def train_step(state: TrainingState, stream: ExampleStream, keep_batch: KeepBatch | None) -> None:
    """Take one optimizer step.

    Args:
        state: changed in place.
        stream: the training puzzles.
        keep_batch: called before a training stops because too many steps in a row were not finite.

    Raises:
        NotFiniteError: more steps in a row than `max_skipped_steps` were not finite.
        PluginError: the stream failed.
    """
    started = time.perf_counter()
    _refill(state, stream)
    before = state.slots.tensors()
    state.saved, state.is_best = None, False
    gradients = state.accumulation.step()
    state.processes.sum_gradients(gradients.parameters)
    agreed = agree(state.processes, state.slots, gradients, state.drawn)
    state.step += 1
    state.window.steps += 1
    state.window.right += agreed.right
    state.window.finished += agreed.finished
    if agreed.finite:
        state.window.loss += agreed.loss
        state.skipped_in_a_row = 0
        _update(state, progress(state, stream))
    else:
        _skip(state, before, keep_batch)
    elapsed = time.perf_counter() - started
    state.seconds += elapsed
    state.window.seconds += elapsed


def _refill(state: TrainingState, stream: ExampleStream) -> None:
    """Give halted slots new puzzles. With "discard", draw a whole batch and drop the rest, as the paper's code does."""
    halted = state.slots.halted
    if state.config.refill == "discard" and state.step:
        state.slots.refill(_take(state, stream, state.config.batch_size)[halted])
    elif halted.any():
        state.slots.refill(_take(state, stream, int(halted.sum())))


def _take(state: TrainingState, stream: ExampleStream, count: int) -> Batch:
    try:
        state.drawn = stream.take(count)
    except TRMError:
        raise
    except Exception as error:
        raise PluginError(
            f"The training data failed after step {state.step}: {type(error).__name__}: {error}."
        ) from error
    drawn = state.drawn
    check_puzzles(state.model.config, drawn.inputs, drawn.labels, drawn.puzzle_ids)
    return drawn.to(state.backend.device)


def _update(state: TrainingState, done: float) -> None:
    config = state.config
    if config.grad_clip is not None:
        torch.nn.utils.clip_grad_norm_(state.model.network_parameters(), config.grad_clip)
    set_learning_rates(state.optimizers, learning_rate_factor(config, state.step, done))
    for optimizer in state.optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    if state.ema is not None:
        state.ema.update()


def _skip(state: TrainingState, before: Mapping[str, Tensor], keep_batch: KeepBatch | None) -> None:
    """Leave the weights as they are. After too many such steps in a row, keep the slots of the step and stop."""
    state.model.zero_grad(set_to_none=True)
    state.slots.give_up_broken()
    state.slots.halted = all_halted(state.processes, state.slots)
    state.window.skipped += 1
    state.skipped += 1
    state.skipped_in_a_row += 1
    logger.warning("Step %d is skipped: its loss or gradient is not finite.", state.step)
    if state.skipped_in_a_row <= state.config.max_skipped_steps:
        return
    slots = all_slots(state.processes, before)
    kept = f" Its batch is in {keep_batch(state.step, slots)}." if keep_batch is not None else ""
    raise NotFiniteError(
        f"The loss or gradient was not finite in {state.skipped_in_a_row} steps in a row, the last of them step "
        f"{state.step}.{kept} Lower training.learning_rate or training.grad_clip."
    )
