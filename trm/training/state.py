"""All that a training depends on, to files and back, so that a resumed run has exactly the weights of one never stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from trm.training.window import Window

if TYPE_CHECKING:
    from trm.training.trainer import Trainer

COUNTERS = ("step", "skipped", "skipped_in_a_row", "seconds", "best", "is_best", "evaluated_step")
"""What a trainer counts and notes, by the names of its attributes."""


def capture(trainer: Trainer, stream: ExampleStream) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors by file name, and the rest as JSON. All processes call this together, and get the slots of all."""
    accumulation = trainer.accumulation
    at_once = accumulation.rows if accumulation.is_split else trainer.slots.size  # with other processes, too
    files = {
        "model.safetensors": dict(trainer.model.state_dict()),
        "optimizer.safetensors": _optimizer_tensors(trainer),
        "slots.safetensors": all_slots(trainer.processes, trainer.slots.tensors()),
        "generators.safetensors": _generators(trainer),
    }
    if trainer.ema is not None:
        files["ema.safetensors"] = dict(trainer.ema.average)
    state = {
        **{name: getattr(trainer, name) for name in COUNTERS},
        "window": dataclasses.asdict(trainer.window),
        "slots_at_once": at_once,
        "generators": generator_states(),
        "ema_updates": trainer.ema.updates if trainer.ema is not None else 0,
        "stream": stream.state_dict(),
    }
    return files, state


def restore(trainer: Trainer, stream: ExampleStream, folder: Path) -> None:
    """Put a trainer and its stream back to where `capture` was called.

    Raises:
        CheckpointError: the checkpoint is damaged, or of another configuration.
    """
    verify(folder)
    state = read_state(folder / "training.json")
    try:
        _restore(trainer, stream, folder, state)
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder} has no {error} to go on from: another version of trm saved it. Its weights can be used with --init."
        ) from error
    except (ValueError, RuntimeError, AttributeError, IndexError, OverflowError, StopIteration) as error:
        raise CheckpointError(
            f"The state of the training in {folder} is damaged: {reason(error)}. Its weights can be used with --init."
        ) from error


def _restore(trainer: Trainer, stream: ExampleStream, folder: Path, state: dict[str, Any]) -> None:
    load_tensors(trainer.model, read_tensors(folder / "model.safetensors"), folder)
    _restore_optimizers(trainer, read_tensors(folder / "optimizer.safetensors"))
    if trainer.ema is not None:
        average = read_tensors(folder / "ema.safetensors")
        check_tensors({name: value.shape for name, value in trainer.ema.average.items()}, average, folder)
        trainer.ema.average = {name: value.to(trainer.backend.device) for name, value in average.items()}
        trainer.ema.updates = state["ema_updates"]
    _restore_slots(trainer, read_tensors(folder / "slots.safetensors"))
    for name in COUNTERS:
        setattr(trainer, name, state[name])
    trainer.window = Window(**state["window"])
    trainer.accumulation.rows = min(state["slots_at_once"], len(trainer.slots.steps))
    stream.load_state_dict(state["stream"])
    set_generator_states(state["generators"])
    _restore_generators(trainer, read_tensors(folder / "generators.safetensors"))


def _generators(trainer: Trainer) -> dict[str, Tensor]:
    """The states of the trainer's own generator and of the device's."""
    states = {"exploration": trainer.generator.get_state()}
    device = trainer.backend.device
    if device.type in ("cuda", "mps"):
        states[device.type] = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.mps.get_rng_state()
    return states


def _restore_generators(trainer: Trainer, states: dict[str, Tensor]) -> None:
    trainer.generator.set_state(states["exploration"])
    if "cuda" in states and trainer.backend.device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], trainer.backend.device)
    if "mps" in states and trainer.backend.device.type == "mps":
        torch.mps.set_rng_state(states["mps"])


def _restore_slots(trainer: Trainer, tensors: dict[str, Tensor]) -> None:
    slots = trainer.slots
    wanted = [slots.size, *slots.batch.inputs.shape[1:]]
    if list(tensors["inputs"].shape) != wanted:
        raise CheckpointError(
            f"The checkpoint has slots of {list(tensors['inputs'].shape)}, this training has {wanted}: "
            "resume with the batch size it was started with."
        )
    check_slots(tensors, slots)
    device = trainer.backend.device
    moved = {name: value.to(device) for name, value in tensors.items()}
    own = {name: value[slots.rows] for name, value in moved.items()}
    slots.batch = Batch(own["inputs"], own["labels"], own["puzzle_ids"])
    slots.state = State(own["answer"], own["latent"])
    slots.steps, slots.halted = own["steps"], moved["halted"]


def _optimizer_tensors(trainer: Trainer) -> dict[str, Tensor]:
    """`{optimizer}.{parameter}.{name}` for every tensor of every optimizer's state."""
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    tensors = {}
    for index, optimizer in enumerate(trainer.optimizers):
        for parameter, values in optimizer.state.items():
            for key, value in values.items():
                tensors[f"{index}|{names[id(parameter)]}|{key}"] = torch.as_tensor(value)
    return tensors


def _restore_optimizers(trainer: Trainer, tensors: dict[str, Tensor]) -> None:
    parameters = dict(trainer.model.named_parameters())
    for name, value in tensors.items():
        index, parameter_name, key = name.split("|")
        if int(index) >= len(trainer.optimizers):
            raise CheckpointError("The checkpoint was saved with other optimizers than this training has.")
        parameter = parameters[parameter_name]
        check_moments(key, value, parameter)
        on_device = value if key == "step" else value.to(parameter.device)
        trainer.optimizers[int(index)].state[parameter][key] = on_device
    for optimizer in trainer.optimizers:
        if len({frozenset(values) for values in optimizer.state.values()}) > 1:
            raise ValueError("an optimizer lacks something of some parameters")
