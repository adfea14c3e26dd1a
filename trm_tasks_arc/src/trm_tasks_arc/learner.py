"""Learns one task from its demonstrations, and keeps count of the answers that it would give on the way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from trm_tasks_arc.examples import IGNORED, Example, Examples, colours_of, prepare
from trm_tasks_arc.grids import Grid, GridKey, grid_key
from trm_tasks_arc.network import PairNetwork
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.sizes import predict_sizes

Ranked = list[tuple[Grid, float]]


@dataclass(frozen=True)
class Recipe:
    """How a task is learned. See `trm_tasks_arc.committee.MEMBERS` for the values in use.

    Attributes:
        learning_rate: of Adam, after a warm-up over ten steps (default: 3e-3).
        beta2: of Adam (default: 0.97).
        shown: share of the steps in which the outputs of other demonstrations are shown to the network, as they are when it
            answers (default: 0.9). With 0 they never are, and the weights alone have to hold the rule.
        answer_every: steps between two answers (default: 4).
        memory: factor of what earlier answers count, at each further answer (default: 0.97).
        states: largest number of states of a step (default: 16,000). Larger tasks learn from fewer demonstrations at a time.
    """

    learning_rate: float = 3e-3
    beta2: float = 0.97
    shown: float = 0.9
    answer_every: int = 4
    memory: float = 0.97
    states: int = 16_000


@dataclass
class Count:
    """Answers to one test input.

    Attributes:
        weights: confidence in each answer, summed over the times it was given, earlier ones counting less.
        grids: the answers.
    """

    weights: dict[GridKey, float] = field(default_factory=lambda: defaultdict(float))
    grids: dict[GridKey, Grid] = field(default_factory=dict)

    def add(self, grid: Grid, confidence: float, memory: float) -> None:
        """Count an answer."""
        for key in self.weights:
            self.weights[key] *= memory
        self.weights[grid_key(grid)] += confidence
        self.grids[grid_key(grid)] = grid

    def ranked(self) -> Ranked:
        """The answers with their shares, the largest first."""
        total = sum(self.weights.values()) or 1.0
        order = sorted(self.weights, key=lambda key: -self.weights[key])
        return [(self.grids[key], self.weights[key] / total) for key in order]


class Learner:
    """A network that learns one task.

    Args:
        task: the task. Only its demonstrations and test inputs are used.
        network: the network to start from. It is changed.
        recipe: how to learn.
        seed: seed of which demonstrations a step uses.
    """

    def __init__(self, task: Task, network: PairNetwork, recipe: Recipe, *, seed: int) -> None:
        self.network, self.recipe = network, recipe
        colours = colours_of(task)
        demonstrations = [
            Example(pair.input, pair.output, _shape(pair.output)) for pair in task.train if pair.output is not None
        ]
        questions = [Example(pair.input, None, predict_sizes(task.train, pair.input)[0][0]) for pair in task.test]
        self.palette = np.array(colours, np.uint8)
        self.demonstrations = prepare(demonstrations, colours)
        self.questions = prepare([*demonstrations, *questions] if recipe.shown else questions, colours)
        self.sizes = [question.size for question in questions]
        self.counts = [Count() for _ in questions]
        self.optimizer = torch.optim.Adam(network.parameters(), recipe.learning_rate, betas=(0.9, recipe.beta2))
        self.generator = torch.Generator().manual_seed(seed)
        self.steps = 0

    def step(self) -> float:
        """Learn from the demonstrations once, and answer if it is time to. Returns the loss before the step."""
        examples, shown = self._lesson()
        loss = loss_of(self.network(examples, shown), examples, shown)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * min(1.0, (self.steps + 1) / 10)
        self.optimizer.step()
        self.steps += 1
        if self.steps % self.recipe.answer_every == 0:
            self.answer()
        return float(loss.detach())

    def _lesson(self) -> tuple[Examples, Tensor]:
        """Some demonstrations in random order, and of which of them the output is shown."""
        count = len(self.demonstrations)
        fitting = max(2, count * self.recipe.states // self.demonstrations.states)
        chosen = torch.randperm(count, generator=self.generator)[:fitting]
        shown = torch.zeros(len(chosen), dtype=torch.bool)
        if len(chosen) > 1 and torch.rand((), generator=self.generator) < self.recipe.shown:
            hidden = int(torch.randint(1, len(chosen), (), generator=self.generator))
            shown[hidden:] = True
        return self.demonstrations.select(chosen), shown

    @torch.no_grad()
    def answer(self) -> None:
        """Answer all test inputs and count the answers by the network's confidence in them."""
        shown = (self.questions.target != IGNORED).flatten(1).any(1)
        likely = self.network(self.questions, shown)[-len(self.sizes) :].log_softmax(1)
        for count, (rows, columns), of_one in zip(self.counts, self.sizes, likely, strict=True):
            best, colour = of_one[:, :rows, :columns].max(0)
            count.add(self.palette[colour.numpy()], float(best.mean().exp()) ** 10, self.recipe.memory)

    def ranked(self) -> list[Ranked]:
        """The answers so far to each test input, the most likely first."""
        return [count.ranked() for count in self.counts]


def loss_of(scores: Tensor, examples: Examples, shown: Tensor) -> Tensor:
    """The mean cross-entropy of the cells of the outputs that are not shown."""
    return F.cross_entropy(scores[~shown], examples.target[~shown], ignore_index=IGNORED)


def _shape(grid: Grid) -> tuple[int, int]:
    return grid.shape[0], grid.shape[1]
