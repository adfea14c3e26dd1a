"""Checks that a task can be trained: its parts can be pickled, and a model learns from its puzzles."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from trm.config import TrainingConfig
from trm.config.overrides import find_preset, validated
from trm.data.batch import Batch
from trm.data.sampler import GroupSampler
from trm.errors import TRMError
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.testing.check import CheckFailure, require
from trm.testing.subject import Subject
from trm.training.monitor import Monitor
from trm.training.trainer import Trainer

PUZZLES, STEPS = 8, 40
LEARNED = 0.9
"""Training must lower the loss on its puzzles below this fraction of the initial loss."""


def pickles(subject: Subject) -> None:
    """Settings, data, augmentations, metrics and renderers can be pickled, so that worker processes can receive them."""
    for name, part in _parts(subject):
        try:
            pickle.loads(pickle.dumps(part))
        except Exception as error:
            raise CheckFailure(
                f"{name} cannot be pickled: {type(error).__name__}: {error}.",
                "Most likely an attribute is a lambda, a local function, an open file or a generator.",
            ) from error


def _parts(subject: Subject) -> Iterator[tuple[str, Any]]:
    yield "The settings", subject.config
    yield "The test split", subject.test
    for name, augmentation in subject.augmentations():
        yield f"Augmentation {name!r}", augmentation
    for spec, metric in subject.metrics():
        yield f"Metric {spec.name!r}", metric
    for name, renderer in subject.renderers():
        yield f"Renderer {name!r}", renderer


def training_learns(subject: Subject) -> None:
    """A few training steps with the first preset's settings, on a smaller network, lower the loss on eight puzzles."""
    preset = find_preset(subject.spec, None)
    model_settings, training_settings = _reduced(dict(preset.model)), dict(preset.training)
    experiment = Experiment(subject.task, model_settings)
    puzzles = subject.train.head(PUZZLES)
    batch = next(puzzles.batches(PUZZLES))
    with torch.random.fork_rng(devices=[]), _one_thread():  # small matrices gain nothing from a second thread
        torch.manual_seed(0)
        model = TinyRecursiveModel(experiment.model_config(puzzles))
        before = _loss(model, batch)
        training = validated(TrainingConfig, training_settings | _short(), "training")
        try:
            Trainer(model, training, "cpu", monitor=Monitor()).fit(GroupSampler(puzzles, 0), lambda _: [], {})
        except TRMError as error:
            raise CheckFailure(
                f"Training fails: {error}", f"Most likely the learning rate of preset {preset.name!r} is too high."
            ) from error
        after = _loss(model, batch)
    require(
        after < LEARNED * before,
        f"{STEPS} steps on {len(puzzles)} puzzles lowered their loss only from {before:.3g} to {after:.3g}.",
        "Most likely the inputs lack what the labels depend on, or the learning rate of preset "
        f"{preset.name!r} is wrong by a factor of ten.",
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _reduced(settings: dict[str, Any]) -> dict[str, Any]:
    """The preset's model settings, reduced to a network that trains in a few seconds on one core."""
    small = {"hidden_dim": 64, "num_layers": 2, "n_recursions": 2, "T_steps": 2, "n_supervision": 2, "num_heads": 2}
    reduced = {name: min(int(settings.get(name, limit)), limit) for name, limit in small.items()}
    reduced["mlp_multiple_of"] = 32
    if settings.get("puzzle_dim"):
        reduced["puzzle_dim"] = reduced["hidden_dim"]
    return settings | reduced


def _short() -> dict[str, Any]:
    return {
        "batch_size": PUZZLES,
        "max_steps": STEPS,
        "num_epochs": None,
        "n_supervision": None,
        "warmup_steps": 5,
        "schedule": "constant",
        "use_ema": False,
        "eval_interval": None,
        "output_dir": None,
        "compile": "off",
        "precision": "fp32",
    }


@torch.no_grad()
def _loss(model: TinyRecursiveModel, batch: Batch) -> float:
    model.eval()
    return float(model(batch.inputs, batch.labels, puzzle_ids=batch.puzzle_ids)["loss"])
