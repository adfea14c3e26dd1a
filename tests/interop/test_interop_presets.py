"""The `paper` presets against the published settings, field by field; and the baseline on every task."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from trm import TRMConfig
from trm.config.overrides import find_preset
from trm.data import PuzzleSet
from trm.data.sampler import GroupSampler
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.model.recursion import HRMCore
from trm.plugins.registry import get_registry
from trm.training import Trainer
from trm.training.monitor import Monitor

NETWORK: dict[str, Any] = {
    "architecture": "trm", "hidden_dim": 512, "num_layers": 2, "num_heads": 8, "n_recursions": 6, "T_steps": 3,
    "n_supervision": 16, "mixing": "attention", "positions": "rope", "mlp_ratio": 4.0, "mlp_multiple_of": 256,
    "activation": "swiglu", "dropout": 0.0, "puzzle_tokens": 16, "puzzle_width": 512, "loss": "stablemax",
}  # fmt: skip
TRAINING: dict[str, Any] = {
    "batch_size": 768, "n_supervision": None, "n_supervision_eval": None, "refill": "discard", "stagger": False,
    "halt_exploration": 0.1, "halt_when_right": 0.0, "state_noise": 0.0, "optimizer": "adam_atan2",
    "learning_rate": 1e-4, "betas": (0.9, 0.95), "warmup_steps": 2000, "schedule": "constant", "grad_clip": None,
    "use_ema": True, "ema_decay": 0.999, "ema_warmup": False, "max_steps": None,
}  # fmt: skip
SHARED_ID = {"weight_decay": 1.0, "puzzle_learning_rate": 1e-4, "puzzle_weight_decay": 1.0}
OWN_IDS = {"weight_decay": 0.1, "puzzle_learning_rate": 1e-2, "puzzle_weight_decay": 0.1}
MIXER = {"mixing": "mlp", "positions": "none"}

PUBLISHED: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any], str]] = {
    ("sudoku", "paper"): (MIXER, {**SHARED_ID, "num_epochs": 50_000}, "87.4"),
    ("sudoku", "paper-attention"): ({}, {**SHARED_ID, "num_epochs": 50_000}, "74.7"),
    ("maze", "paper"): ({"n_recursions": 4}, {**SHARED_ID, "num_epochs": 50_000}, "85.3"),
    # ("arc", "paper"): ({"n_recursions": 4}, {**OWN_IDS, "num_epochs": 100_000}, "44.6"),
}


def installed(task: str) -> str:
    if task not in get_registry().tasks():
        pytest.skip(f"{task} is not installed")
    return task


def network(experiment: Experiment) -> TRMConfig:
    """The network's settings, without making the data."""
    nothing = np.zeros((0, experiment.task.description.seq_len), dtype=np.uint8)
    return experiment.model_config(PuzzleSet(nothing, nothing, experiment.task.description))


@pytest.mark.parametrize(("task", "name"), PUBLISHED)
def test_paper_presets_are_the_published_settings(task: str, name: str) -> None:
    model, training, figure = PUBLISHED[task, name]
    spec = get_registry().task(installed(task))
    experiment, preset = Experiment.from_preset(task, name), find_preset(spec, name)
    assert experiment.training is not None
    found = experiment.training.model_dump()
    assert {key: found[key] for key in {**TRAINING, **training}} == {**TRAINING, **training}
    config = network(experiment)
    assert {key: getattr(config, key) for key in NETWORK} == {**NETWORK, **model}
    assert figure in preset.reaches
    assert preset.cost
    assert "2510.04871" in preset.source


def test_arithmetic_has_the_papers_settings_and_no_figure_of_the_papers() -> None:
    spec = get_registry().task(installed("arithmetic"))
    experiment, preset = Experiment.from_preset("arithmetic", "paper"), find_preset(spec, "paper")
    assert experiment.training is not None
    found = experiment.training.model_dump()
    wanted = {**TRAINING, **SHARED_ID, "max_steps": 65_000}
    assert {key: found[key] for key in wanted} == wanted
    config = network(experiment)
    assert {key: getattr(config, key) for key in NETWORK} == {**NETWORK, **MIXER}
    assert (preset.reaches, preset.cost) == ("", "")


@pytest.mark.parametrize("task", ["sudoku", "maze", "arithmetic", "arc"])
def test_the_baseline_trains_on_every_task(task: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    spec = get_registry().task(installed(task))
    sets = [
        "model.architecture=hrm", "model.n_supervision=2", "training.max_steps=2", "training.batch_size=4",
        "training.n_supervision_eval=1", *(f"task.{name}={json.dumps(value)}" for name, value in spec.sample.items()),
    ]  # fmt: skip
    experiment = Experiment.from_preset(task, sets=sets)
    train, test = experiment.puzzles("train"), experiment.puzzles("test")
    model = TinyRecursiveModel(experiment.model_config(train))
    assert isinstance(model.core, HRMCore)
    before = {name: value.clone() for name, value in model.core.named_parameters()}
    assert experiment.training is not None
    trainer = Trainer(model, experiment.training, "cpu", monitor=Monitor())
    trainer.fit(GroupSampler(train, 0), lambda limit: test.head(4).batches(4), experiment.task.metrics())
    assert all(not value.equal(before[name]) for name, value in model.core.named_parameters() if value.numel())
