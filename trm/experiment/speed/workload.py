"""A preset as work for a machine: a training on random puzzles, and the operations of its step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from trm.config import TRMConfig
from trm.data.graphs import Graph
from trm.data.puzzle_set import Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.devices import Backend
from trm.devices.processes import Processes
from trm.devices.seeding import set_seed
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel, step_loss
from trm.specs import DatasetSpec
from trm.training.compiling import compile_network
from trm.training.state import TrainingState
from trm.training.updating import fill, train_step

PUZZLES = 256
"""Number of random puzzles."""

COUNT_SETTINGS = ("train_puzzles", "train_examples")
"""Usual names of the task setting with the number of training puzzles, where the dataset does not declare `counts`."""


@dataclass(frozen=True)
class Workload:
    """A preset as work.

    Attributes:
        experiment: the preset's.
        model: its model's settings, as far as they are known without the data.
        flops: floating-point operations of the matrix products of one supervision step of one puzzle, forward and back.
    """

    experiment: Experiment
    model: TRMConfig
    flops: float

    @property
    def name(self) -> str:
        """The preset with its task, as in "sudoku:quick"."""
        return f"{self.experiment.task.name}:{self.experiment.preset}"

    @property
    def batch_size(self) -> int:
        """Puzzles of a step."""
        assert self.experiment.training is not None
        return self.experiment.training.batch_size

    @property
    def step_flops(self) -> float:
        """Floating-point operations of a step of the whole batch."""
        return self.flops * self.batch_size

    def training(self, backend: Backend, rows: int) -> Callable[[], None]:
        """A function that takes a training step of `rows` random puzzles, as `trm train` does it."""
        assert self.experiment.training is not None
        config = self.experiment.training.model_copy(update={"batch_size": rows})
        set_seed(0)
        model = TinyRecursiveModel(self.model).to(backend.device).train()
        compile_network(model, config, backend)
        state = TrainingState.start(model, config, backend, Processes(), seed=0)
        stream = GroupSampler(random_puzzles(self.experiment.task.description, PUZZLES), seed=0)
        fill(state, stream)
        return partial(train_step, state, stream, None)


def random_puzzles(description: Description, count: int) -> PuzzleSet:
    """Puzzles of random tokens, which cost as much as real ones; those with a structure of their own have no edges."""
    tokens = np.random.default_rng(0).integers(0, description.vocab_size, (count, description.seq_len))
    structure = description.structure.per_puzzle
    if structure is None:
        return PuzzleSet(tokens, tokens, description)
    numbers = ((0,) * len(structure.position_numbers),) * description.seq_len
    graph = Graph(description.seq_len, numbers=numbers if structure.position_numbers else ())
    return PuzzleSet(np.stack([description.row(row, graph) for row in tokens]), tokens, description)


def puzzle_flops(config: TRMConfig, description: Description) -> float:
    """The operations of the matrix products of one supervision step of one puzzle, forward and back.

    They are counted without computing anything, but for puzzles with a structure of their own, whose shapes depend on it.
    """
    device = torch.device("cpu" if description.structure.per_puzzle is not None else "meta")
    model = TinyRecursiveModel(config).to(device).train()
    puzzles = random_puzzles(description, 1)
    inputs, labels = (torch.from_numpy(tokens).to(device) for tokens in (puzzles.inputs, puzzles.labels))
    # The fused kernels of attention are not counted on all devices.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        _, output = model.supervision_step(inputs, model.initial_state(1))
        step_loss(output.logits, output.halt_logits, labels, config.loss).total.backward()
    return float(counter.get_total_flops())


class Workloads:
    """Makes workloads, and counts the operations of equal models only once."""

    def __init__(self) -> None:
        self.counted: list[tuple[TRMConfig, float]] = []

    def of(self, task: str, preset: str) -> Workload:
        """The workload of a preset.

        Raises:
            UsageError: there is no such task or preset, or one of its values is invalid.
        """
        experiment = Experiment.from_preset(task, preset)
        config = experiment.expected_model()
        known = next((flops for other, flops in self.counted if other == config), None)
        if known is None:
            known = puzzle_flops(config, experiment.task.description)
            self.counted.append((config, known))
        return Workload(experiment, config, known)


def training_steps(workload: Workload) -> int | None:
    """The number of steps of a preset's training; None if only its data can tell. At most so many with `refill` "next"."""
    training = workload.experiment.training
    assert training is not None
    if training.num_epochs is None:
        return training.max_steps
    puzzles = _training_puzzles(workload.experiment)
    if puzzles is None:
        return training.max_steps
    each = 1 if training.refill == "discard" else training.n_supervision or workload.model.n_supervision
    steps = training.num_epochs * puzzles * each // training.batch_size
    return min(steps, training.max_steps or steps)


def _training_puzzles(experiment: Experiment) -> int | None:
    """The number of training puzzles, if a setting that the dataset reads gives it."""
    from trm.plugins.registry import get_registry

    spec = get_registry().part(DatasetSpec, experiment.task.name, experiment.task.dataset)
    names = [spec.counts["train"]] if "train" in spec.counts else [*set(COUNT_SETTINGS) & set(spec.reads or ())]
    found = getattr(experiment.config, names[0], None) if names else None
    return found if isinstance(found, int) else None
