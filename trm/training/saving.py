"""Saving and restoring the state of a training, so that a resumed run has bitwise the weights of an uninterrupted one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.data.sampler import ExampleStream
from trm.devices.seeding import generator_states, set_generator_states
from trm.errors import CheckpointError, reason
from trm.model import State
from trm.runs.building import load_tensors
from trm.runs.checkpoint_folder import verify
from trm.runs.tensors import check_tensors, read_tensors
from trm.training.agreement import all_slots
from trm.training.saved_state import check_moments, check_slots, read_state
from trm.training.state import TrainingState
from trm.training.window import Window

COUNTERS = ("step", "skipped", "skipped_in_a_row", "seconds", "best", "is_best", "evaluated_step")
"""The attributes of `TrainingState` that `training.json` holds under the same names."""


def capture(state: TrainingState, stream: ExampleStream) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors by file name, and all other state as JSON. All processes must call this together."""
    accumulation = state.accumulation
    at_once = accumulation.rows if accumulation.is_split else state.slots.size  # with other processes, too
    files = {
        "model.safetensors": dict(state.model.state_dict()),
        "optimizer.safetensors": _optimizer_tensors(state),
        "slots.safetensors": all_slots(state.processes, state.slots.tensors()),
        "generators.safetensors": _generators(state),
    }
    if state.ema is not None:
        files["ema.safetensors"] = dict(state.ema.average)
    saved = {
        **{name: getattr(state, name) for name in COUNTERS},
        "window": dataclasses.asdict(state.window),
        "slots_at_once": at_once,
        "generators": generator_states(),
        "ema_updates": state.ema.updates if state.ema is not None else 0,
        "stream": stream.state_dict(),
    }
    return files, saved


def restore(state: TrainingState, stream: ExampleStream, folder: Path) -> None:
    """Restore a training and its stream to the state at which `capture` was called.

    Raises:
        CheckpointError: the checkpoint is damaged, or was saved with other settings.
    """
    verify(folder)
    saved = read_state(folder / "training.json")
    try:
        _restore(state, stream, folder, saved)
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder} has no {error} to go on from: another version of trm saved it. Its weights can be used with --init."
        ) from error
    except (ValueError, RuntimeError, AttributeError, IndexError, OverflowError, StopIteration) as error:
        raise CheckpointError(
            f"The state of the training in {folder} is damaged: {reason(error)}. Its weights can be used with --init."
        ) from error


def _restore(state: TrainingState, stream: ExampleStream, folder: Path, saved: dict[str, Any]) -> None:
    load_tensors(state.model, read_tensors(folder / "model.safetensors"), folder)
    _restore_optimizers(state, read_tensors(folder / "optimizer.safetensors"))
    if state.ema is not None:
        average = read_tensors(folder / "ema.safetensors")
        check_tensors({name: value.shape for name, value in state.ema.average.items()}, average, folder)
        state.ema.average = {name: value.to(state.backend.device) for name, value in average.items()}
        state.ema.updates = saved["ema_updates"]
    _restore_slots(state, read_tensors(folder / "slots.safetensors"))
    for name in COUNTERS:
        setattr(state, name, saved[name])
    state.window = Window(**saved["window"])
    state.accumulation.rows = min(saved["slots_at_once"], len(state.slots.steps))
    stream.load_state_dict(saved["stream"])
    set_generator_states(saved["generators"])
    _restore_generators(state, read_tensors(folder / "generators.safetensors"))


def _generators(state: TrainingState) -> dict[str, Tensor]:
    """The states of the generator for halting and noise, and of the device's own generator."""
    states = {"exploration": state.generator.get_state()}
    own = state.backend.random_state()
    if own is not None:
        states[state.backend.device.type] = own
    return states


def _restore_generators(state: TrainingState, states: dict[str, Tensor]) -> None:
    state.generator.set_state(states["exploration"])
    own = states.get(state.backend.device.type)  # a checkpoint of another kind of device has none
    if own is not None:
        state.backend.set_random_state(own)


def _restore_slots(state: TrainingState, tensors: dict[str, Tensor]) -> None:
    slots = state.slots
    wanted = [slots.size, *slots.batch.inputs.shape[1:]]
    if list(tensors["inputs"].shape) != wanted:
        raise CheckpointError(
            f"The checkpoint has slots of {list(tensors['inputs'].shape)}, this training has {wanted}: "
            "resume with the batch size it was started with."
        )
    check_slots(tensors, slots)
    device = state.backend.device
    moved = {name: value.to(device) for name, value in tensors.items()}
    own = {name: value[slots.rows] for name, value in moved.items()}
    slots.batch = Batch(own["inputs"], own["labels"], own["puzzle_ids"])
    slots.state = State(own["answer"], own["latent"])
    slots.steps, slots.halted = own["steps"], moved["halted"]


def _optimizer_tensors(state: TrainingState) -> dict[str, Tensor]:
    """`{optimizer}.{parameter}.{name}` for every tensor of every optimizer's state."""
    names = {id(parameter): name for name, parameter in state.model.named_parameters()}
    tensors = {}
    for index, optimizer in enumerate(state.optimizers):
        for parameter, values in optimizer.state.items():
            for key, value in values.items():
                tensors[f"{index}|{names[id(parameter)]}|{key}"] = torch.as_tensor(value)
    return tensors


def _restore_optimizers(state: TrainingState, tensors: dict[str, Tensor]) -> None:
    parameters = dict(state.model.named_parameters())
    for name, value in tensors.items():
        index, parameter_name, key = name.split("|")
        if int(index) >= len(state.optimizers):
            raise CheckpointError("The checkpoint was saved with other optimizers than this training has.")
        parameter = parameters[parameter_name]
        check_moments(key, value, parameter)
        on_device = value if key == "step" else value.to(parameter.device)
        state.optimizers[int(index)].state[parameter][key] = on_device
    for optimizer in state.optimizers:
        if len({frozenset(values) for values in optimizer.state.values()}) > 1:
            raise ValueError("an optimizer lacks something of some parameters")
