"""All that a training depends on, to files and back, so that a resumed run has exactly the weights of one never stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trm.data.sampler import ExampleStream
from trm.errors import CheckpointError
from trm.model import State
from trm.training.checkpoint import load_tensors, read_tensors, verify

if TYPE_CHECKING:
    from trm.training.trainer import Trainer


def capture(trainer: Trainer, stream: ExampleStream) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors by file name, and the rest as JSON."""
    slots = trainer.slots
    files = {
        "model.safetensors": dict(trainer.model.state_dict()),
        "optimizer.safetensors": _optimizer_tensors(trainer),
        "slots.safetensors": {
            "inputs": slots.batch.inputs,
            "labels": slots.batch.labels,
            "puzzle_ids": slots.batch.puzzle_ids,
            "answer": slots.state.answer,
            "latent": slots.state.latent,
            "steps": slots.steps,
            "halted": slots.halted,
            "torch_rng": torch.get_rng_state(),
            "exploration_rng": trainer.generator.get_state(),
        },
    }
    if trainer.ema is not None:
        files["ema.safetensors"] = dict(trainer.ema.average)
    state = {
        "step": trainer.step,
        "seconds": trainer.seconds,
        "best": trainer.best,
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
    try:
        state = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / 'training.json'} can't be read: {error}.") from error
    load_tensors(trainer.model, read_tensors(folder / "model.safetensors"), folder)
    _restore_optimizers(trainer, read_tensors(folder / "optimizer.safetensors"))
    if trainer.ema is not None:
        trainer.ema.average = {
            name: value.to(trainer.backend.device) for name, value in read_tensors(folder / "ema.safetensors").items()
        }
        trainer.ema.updates = state["ema_updates"]
    _restore_slots(trainer, read_tensors(folder / "slots.safetensors"))
    trainer.step, trainer.seconds, trainer.best = state["step"], state["seconds"], state["best"]
    stream.load_state_dict(state["stream"])


def _restore_slots(trainer: Trainer, tensors: dict[str, Tensor]) -> None:
    slots = trainer.slots
    if tensors["inputs"].shape != slots.batch.inputs.shape:
        raise CheckpointError(
            f"The checkpoint has slots of {list(tensors['inputs'].shape)}, this training has "
            f"{list(slots.batch.inputs.shape)}: resume with the batch size it was started with."
        )
    device = trainer.backend.device
    moved = {name: value.to(device) for name, value in tensors.items() if not name.endswith("_rng")}
    slots.batch.inputs, slots.batch.labels = moved["inputs"], moved["labels"]
    slots.batch.puzzle_ids = moved["puzzle_ids"]
    slots.state = State(moved["answer"], moved["latent"])
    slots.steps, slots.halted = moved["steps"], moved["halted"]
    torch.set_rng_state(tensors["torch_rng"])
    trainer.generator.set_state(tensors["exploration_rng"])


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
    for name, value in tensors.items():
        index, parameter_name, key = name.split("|")
        if int(index) >= len(trainer.optimizers):
            raise CheckpointError("The checkpoint was saved with other optimizers than this training has.")
        parameter = trainer.model.get_parameter(parameter_name)
        on_device = value if key == "step" else value.to(parameter.device)
        trainer.optimizers[int(index)].state[parameter][key] = on_device
