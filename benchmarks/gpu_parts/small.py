"""Small models of every kind, their puzzles, and short trainings of them, for the checks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trm import TinyRecursiveModel, Trainer, TrainingConfig
from trm.config import RunConfig
from trm.data import PuzzleSet
from trm.data.batch import Batch
from trm.data.sampler import GroupSampler
from trm.devices import get_backend
from trm.errors import TRMError
from trm.experiment.experiment import Experiment
from trm.model import step_loss
from trm.runs.run_folder import RunFolder
from trm.training.monitor import Monitor, TrainingView
from trm.utils import set_seed

KINDS: dict[str, tuple[str, ...]] = {
    "relational": (),
    "attention": ("model.mixing=attention", "model.num_heads=4", "model.positions=rope", "model.puzzle_tokens=2"),
    "mixer": ("model.mixing=mlp", "model.puzzle_tokens=2"),
    "grid": ("model.mixing=grid", "model.num_heads=4"),
    "hrm": ("model.architecture=hrm", "model.mixing=attention", "model.num_heads=4"),
}
"""Settings of `sudoku:mini` for each kind of network."""
PUZZLE_IDS = 8
TRAINING: dict[str, Any] = {
    "batch_size": 16,
    "max_steps": 8,
    "halt_when_right": 0.5,
    "halt_exploration": 0.3,
    "state_noise": 0.3,
    "warmup_steps": 2,
    "learning_rate": 1e-3,
    "log_interval": 1,
    "precision": "fp32",
    "compile": "off",
}


@dataclass
class Small:
    """A small model on the CPU, and random puzzles for it.

    Attributes:
        model: the model.
        puzzles: 64 puzzles with several ids.
    """

    model: TinyRecursiveModel
    puzzles: PuzzleSet

    @classmethod
    def build(cls, kind: str) -> Small:
        """A model of one of `KINDS`, always with the same weights."""
        experiment = Experiment.from_preset("sudoku", "mini", KINDS[kind])
        description = replace(experiment.task.description, num_puzzle_identifiers=PUZZLE_IDS)
        set_seed(0)
        inputs, labels = torch.randint(description.vocab_size, (2, 64, description.seq_len)).numpy()
        puzzles = PuzzleSet(inputs, labels, description, puzzle_ids=np.arange(64, dtype=np.int32) % PUZZLE_IDS)
        model = TinyRecursiveModel(experiment.model_config(puzzles))
        with torch.no_grad():  # zero at first: neither reaches the results
            model.halt_head.linear.weight.normal_(std=0.1)
            for table in [model.embedding.puzzles] if model.embedding.puzzles is not None else []:
                table.weight.normal_()
        return cls(model, puzzles)

    def batch(self, rows: int = 16) -> Batch:
        """The first puzzles."""
        return next(iter(self.puzzles.batches(rows)))

    def on(self, device: str) -> TinyRecursiveModel:
        """A copy of the model on a device."""
        return copy.deepcopy(self.model).to(device)


def step(model: TinyRecursiveModel, batch: Batch, precision: str) -> dict[str, Tensor]:
    """A supervision step on the model's device: outputs, loss and gradients, on the CPU."""
    device = model.initial_answer.device
    batch = batch.to(device)
    model.zero_grad(set_to_none=True)
    with get_backend(str(device)).autocast(precision):
        state, output = model.supervision_step(batch.inputs, model.initial_state(len(batch)), batch.puzzle_ids)
        loss = step_loss(output.logits, output.halt_logits, batch.labels, model.config.loss)
    loss.total.backward()
    found = {
        "logits": output.logits,
        "halt logits": output.halt_logits,
        "answer": state.answer,
        "latent": state.latent,
        "loss": loss.total,
    }
    found |= {
        f"gradient of {name}": parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return {name: value.detach().float().cpu().clone() for name, value in found.items()}


def difference(expected: dict[str, Tensor], found: dict[str, Tensor]) -> tuple[float, str]:
    """The largest difference of two tensors, as norms: relative to the expected one. And the tensor's name.

    A value that is not finite counts as infinitely different.
    """
    if expected.keys() != found.keys():
        raise AssertionError(f"only one has {sorted(expected.keys() ^ found.keys())}")
    gaps = {
        name: float((found[name] - value).norm() / value.norm().clamp(min=1e-12)) for name, value in expected.items()
    }
    worst = max(gaps, key=lambda name: math.inf if math.isnan(gaps[name]) else gaps[name])
    return gaps[worst], worst


class Losses(Monitor):
    """Keeps the loss of every step, and calls something after each."""

    def __init__(self, after: Callable[[TrainingView], object] = lambda training: None) -> None:
        self.after = after
        self.values: list[float] = []

    def step(self, training: TrainingView, progress: float) -> None:
        self.after(training)

    def log(self, record: dict[str, Any]) -> None:
        self.values.append(record["loss"])


class Stop(TRMError):
    """Ends a training from a monitor; `Trainer` passes on errors of this class."""


def no_test_puzzles(limit: int | None) -> Iterable[Batch]:
    """For trainings that are not scored."""
    return ()


def trained(
    small: Small, device: str, folder: Path | None = None, monitor: Losses | None = None, **settings: Any
) -> tuple[Trainer, Losses]:
    """Train a copy of a small model on a device; in a run folder that has checkpoints, go on from the latest.

    Raises:
        Stop: the monitor stopped the training.
    """
    config = TrainingConfig(**{**TRAINING, **settings})
    model, losses = small.on(device), monitor or Losses()
    run = None
    if folder is not None and (folder / "config.json").exists():
        run = RunFolder(folder)
    elif folder is not None:
        run = RunFolder.create(folder, RunConfig(model=model.config, training=config))
    set_seed(1)
    stream = GroupSampler(small.puzzles, seed=2)
    trainer = Trainer(model, config, device, run=run, monitor=losses, seed=3)
    latest = run.marked("latest") if run is not None else None
    if latest is not None:
        trainer.resume(latest, stream)
    trainer.fit(stream, no_test_puzzles, {})
    return trainer, losses
