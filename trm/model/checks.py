"""Checking what a model is given: shapes and types at every call, which cost microseconds, and ranges where asked."""

from __future__ import annotations

import torch
from torch import Tensor

from trm.config import TRMConfig
from trm.errors import UsageError, quoted
from trm.model.losses import IGNORED
from trm.model.recursion import State

INTEGERS = (torch.int64, torch.int32)


def check_shapes(config: TRMConfig, inputs: Tensor, puzzle_ids: Tensor | None = None) -> None:
    """Check the shapes and types of tokens ``[B, L]`` and puzzle ids ``[B]``, without waiting for the device.

    Raises:
        UsageError: one of them is wrong. The message gives the expected and the actual shape or type.
    """
    width = config.input_width
    _check_tensor("tokens", inputs)
    if inputs.dim() != 2 or width not in (0, inputs.shape[1]):
        raise UsageError(
            f"The model expected tokens of shape [batch, {width or 'positions'}], got {list(inputs.shape)}."
        )
    if puzzle_ids is None:
        return
    _check_tensor("puzzle ids", puzzle_ids)
    if puzzle_ids.shape != inputs.shape[:1]:
        raise UsageError(f"The model expected puzzle ids of shape [{len(inputs)}], got {list(puzzle_ids.shape)}.")


def check_puzzles(
    config: TRMConfig, inputs: Tensor, labels: Tensor | None = None, puzzle_ids: Tensor | None = None
) -> None:
    """Check shapes and types, and that tokens, labels and ids are in range. On an accelerator, this waits for it.

    Args:
        config: of the model.
        inputs: tokens ``[B, L]``.
        labels: tokens ``[B, L]``, -100 at positions that are not scored.
        puzzle_ids: ``[B]``.

    Raises:
        UsageError: one of them is wrong. The message gives the first wrong value and its row.
    """
    check_shapes(config, inputs, puzzle_ids)
    tokens = inputs[:, : config.context_length] if config.context_length else inputs
    _check_range("The token", tokens, config.vocab_size)
    if labels is not None:
        _check_tensor("labels", labels)
        if labels.shape != tokens.shape:
            raise UsageError(f"The model expected labels of shape {list(tokens.shape)}, got {list(labels.shape)}.")
        _check_range("The label", labels, config.vocab_size, IGNORED)
    if puzzle_ids is not None and config.num_puzzles:
        _check_range("The puzzle id", puzzle_ids, config.num_puzzles)


def check_state(inputs: Tensor, state: State, shape: tuple[int, ...]) -> None:
    """Check that a carried state belongs to a batch.

    Args:
        inputs: tokens ``[B, L]``.
        state: the state.
        shape: the shape of one puzzle's state; see `TinyRecursiveModel.state_shape`.

    Raises:
        UsageError: it is no `State`, or has another shape.
    """
    if not isinstance(state, State):
        raise UsageError(f"The model expected a State, such as model.initial_state(batch), got {quoted(state)}.")
    for name, part in zip(State._fields, state, strict=True):
        own = (len(inputs), *shape)
        any_length = len(shape) == 2 and shape[0] == 1  # broadcast by the first step
        if part.shape != own and not (any_length and part.dim() == 3 and part.shape[::2] == own[::2]):
            raise UsageError(f"The model expected a state with {name} of shape {list(own)}, got {list(part.shape)}.")


def check_steps(count: int | None, default: int) -> int:
    """The number of supervision steps: `count`, or the default if it is None.

    Raises:
        UsageError: it is not an integer of at least 1.
    """
    if count is None:
        return default
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UsageError(f"The number of supervision steps must be an integer of at least 1, got {quoted(count)}.")
    return count


def _check_range(name: str, values: Tensor, size: int, ignored: int | None = None) -> None:
    """Raise `UsageError` if a value is neither from 0 to `size` - 1 nor `ignored`."""
    inside = values if ignored is None else values.masked_fill(values == ignored, 0)
    if not inside.numel():
        return
    low, high = torch.aminmax(inside)
    if int(low) >= 0 and int(high) < size:
        return
    place = ((inside < 0) | (inside >= size)).nonzero()[0]
    advice = "" if ignored is None else f", or {ignored} for a position that is not scored"
    raise UsageError(
        f"{name} {int(values[tuple(place)])} in row {int(place[0])} is out of range: expected 0 to {size - 1}{advice}."
    )


def _check_tensor(name: str, values: Tensor) -> None:
    if not isinstance(values, Tensor):
        raise UsageError(f"The model expected {name} as a tensor of integers, got {quoted(values)}.")
    if values.dtype not in INTEGERS:
        raise UsageError(f"The model expected {name} of type torch.int64, got {values.dtype}.")
