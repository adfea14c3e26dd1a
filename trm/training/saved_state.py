"""Checks of the saved state of a training: a damaged one is reported before anything is restored from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from torch import Tensor, nn
from typing_extensions import TypedDict  # pydantic takes Python's own from 3.12 on

from trm.data.puzzle_set import IGNORED
from trm.errors import CheckpointError, reason
from trm.storage.untrusted_input import read_json
from trm.training.slots import Slots

Count = Annotated[int, Field(ge=0, le=2**53)]


@with_config(ConfigDict(strict=True, allow_inf_nan=False))
class SavedState(TypedDict, total=False):
    """The types of the values in `training.json`. Missing values are reported when they are read."""

    step: Count
    skipped: Count
    skipped_in_a_row: Count
    seconds: float
    best: float | None
    is_best: bool
    evaluated_step: Count | None
    window: dict[str, float | int]
    slots_at_once: Annotated[int, Field(ge=1)]
    generators: dict[str, Any]
    ema_updates: Count
    stream: dict[str, Any]


def read_state(path: Path) -> dict[str, Any]:
    """`training.json`, its values of the right types.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    try:
        state: dict[str, Any] = read_json(path)
        TypeAdapter(SavedState).validate_python(state)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error
    return state


def check_slots(tensors: Mapping[str, Tensor], slots: Slots) -> None:
    """Check the shapes and types of saved slots, and the range of their tokens and puzzle ids.

    Raises:
        KeyError: a tensor is missing.
        ValueError: a tensor has another shape or type, or a value out of range.
    """
    config = slots.model.config
    for name, own in slots.tensors().items():
        saved = tensors[name]
        same_kind = saved.is_floating_point() if own.is_floating_point() else saved.dtype == own.dtype
        if not same_kind or saved.dim() != own.dim() or saved.shape[1:] != own.shape[1:]:
            raise ValueError(f"slots have {name} of {list(saved.shape)} {saved.dtype}")
        if len(saved) != len(tensors["inputs"]):
            raise ValueError(f"there are {len(tensors['inputs'])} slots and {name} of {len(saved)}")
    for name, (least, end) in {
        "inputs": (0, config.vocab_size),  # what follows the tokens is the puzzle's own structure
        "labels": (IGNORED, config.vocab_size),
        "puzzle_ids": (0, max(config.num_puzzles, 1)),
        "steps": (0, 2**31),
    }.items():
        values = tensors[name][:, : config.context_length] if name == "inputs" else tensors[name]
        if values.numel() and not (int(values.min()) >= least and int(values.max()) < end):
            raise ValueError(f"slots have {name} out of range")


def check_moments(key: str, value: Tensor, parameter: nn.Parameter) -> None:
    """Check that a tensor of an optimizer's state has its parameter's shape, or is a step count.

    Raises:
        ValueError: it is not.
    """
    if value.shape != (() if key == "step" else parameter.shape) or not value.is_floating_point():
        raise ValueError(f"an optimizer has {key} of {list(value.shape)} for a parameter of {list(parameter.shape)}")
