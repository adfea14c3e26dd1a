"""Trains a network on many tasks, so that it learns a new one faster: all see each other's demonstrations."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from trm.training import Muon, keep_freed_memory
from trm_tasks_arc.examples import Example, Examples, colours_of, prepare
from trm_tasks_arc.learner import loss_of
from trm_tasks_arc.network import PairNetwork, Shape
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.transforms import TRANSFORMS


@dataclass(frozen=True)
class Pretraining:
    """How a network is trained on many tasks.

    Attributes:
        updates: number of updates of the weights (default: 5000).
        tasks: tasks of one update (default: 4).
        matrix_learning_rate: of Muon, for matrices (default: 0.01). Both rates decay to a fiftieth along a cosine over the last
            60 %.
        learning_rate: of AdamW, for everything else (default: 2e-3).
        weight_decay: of both (default: 0.05).
        pairs: largest number of pairs of a lesson (default: 4).
        states: largest number of states of a lesson (default: 12,000). Lessons that are larger have fewer pairs, and those
            of two pairs that have more than twice as many are left out.
        nothing_shown: share of the lessons in which no output is shown (default: 0.05).
        ema: decay of the average of the weights (default: 0.995).
    """

    updates: int = 5000
    tasks: int = 4
    matrix_learning_rate: float = 0.01
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    pairs: int = 4
    states: int = 12_000
    nothing_shown: float = 0.05
    ema: float = 0.995


def pretrain(
    tasks: Mapping[str, Task],
    settings: Pretraining,
    shape: Shape,
    *,
    seed: int = 0,
    watch: Callable[[int, float, PairNetwork], None] | None = None,
) -> PairNetwork:
    """Return a network trained to propose the outputs of one or two pairs of a task after those of the others.

    Args:
        tasks: the tasks. All their pairs are used, those for testing included, in all rotations and reflections.
        settings: how to train.
        shape: the shape of the network.
        seed: seed of the weights and of the order (default: 0).
        watch: called after every update with its number, its loss and the averaged network (default: nothing).
    """
    keep_freed_memory()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        network = PairNetwork(shape)
    average = copy.deepcopy(network)
    optimizers = _optimizers(network, settings)
    lessons = _lessons(tasks, settings, torch.Generator().manual_seed(seed))
    for update in range(1, settings.updates + 1):
        total = 0.0
        for _ in range(settings.tasks):
            examples, shown = next(lessons)
            loss = loss_of(network(examples, shown), examples, shown) / settings.tasks
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer, rate in optimizers:
            optimizer.param_groups[0]["lr"] = rate * _rate(update, settings.updates)
            optimizer.step()
            optimizer.zero_grad()
        decay = min(settings.ema, (1 + update) / (10 + update))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        if watch:
            watch(update, total, average)
    return average


def _optimizers(network: PairNetwork, settings: Pretraining) -> list[tuple[Optimizer, float]]:
    """The optimizers and their rates: Muon for the matrices that map states to states, AdamW for the rest."""
    matrices = [network.embedding.weight, *(one for one in network.layers.parameters() if one.dim() == 2)]
    chosen = {id(one) for one in matrices}
    rest = [one for one in network.parameters() if id(one) not in chosen]
    decay = settings.weight_decay
    return [
        (Muon(matrices, weight_decay=decay), settings.matrix_learning_rate),
        (AdamW(rest, betas=(0.9, 0.97), weight_decay=decay), settings.learning_rate),
    ]


def _rate(update: int, updates: int) -> float:
    """Warm-up over 100 updates, constant, then a cosine from 40 % on."""
    done = max(0.0, (update / updates - 0.4) / 0.6)
    return min(1.0, update / 100) * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


def _lessons(
    tasks: Mapping[str, Task], settings: Pretraining, generator: torch.Generator
) -> Iterator[tuple[Examples, Tensor]]:
    """Some pairs of each task in random order, and of which of them the output is shown; again and again."""
    ids = list(tasks)

    @lru_cache(maxsize=1024)
    def prepared(task_id: str, transform: int) -> Examples:
        task = tasks[task_id]
        pairs = [pair for pair in (*task.train, *task.test) if pair.output is not None]
        examples = [Example(p.input, p.output, p.output.shape) for p in pairs if p.output is not None]
        return prepare(examples, colours_of(task), transform)

    def number(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    while True:
        for index in torch.randperm(len(ids), generator=generator).tolist():
            whole = prepared(ids[index], number(len(TRANSFORMS)))
            order = torch.randperm(len(whole), generator=generator)
            examples = whole.select(order[: settings.pairs])
            if examples.states > settings.states:
                examples = whole.select(order[:2])
            if examples.states > 2 * settings.states:
                continue
            hidden = 1 if len(examples) < 3 else 1 + number(2)
            if torch.rand((), generator=generator) < settings.nothing_shown:
                hidden = len(examples)
            yield examples, torch.arange(len(examples)) >= hidden
