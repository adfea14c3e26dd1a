"""Learns one task from its demonstrations, and keeps count of the answers that it would give on the way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from trm_tasks_arc.examples import IGNORED, OPTIONAL, Example, Examples, colours_of, prepare
from trm_tasks_arc.grids import Grid, GridKey, grid_key
from trm_tasks_arc.network import PairNetwork
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.sizes import predict_sizes
from trm_tasks_arc.transforms import INVERSE, TRANSFORMS, TRANSPOSING

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
        turned: whether to learn and answer all rotations and reflections of the task (default: False).
        missing: share of the messages between cells, of the copies of an input other than the one in place, and of the
            descriptions of objects that a step goes without (default: 0). Rules that need few of them fare best.
    """

    learning_rate: float = 3e-3
    beta2: float = 0.97
    shown: float = 0.9
    answer_every: int = 4
    memory: float = 0.97
    states: int = 16_000
    turned: bool = False
    missing: float = 0.0


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
        self.generator = torch.Generator().manual_seed(seed)

        @lru_cache(maxsize=len(TRANSFORMS))
        def prepared(transform: int) -> tuple[Examples, Examples]:
            asked = [*demonstrations, *questions] if recipe.shown else questions
            return prepare(demonstrations, colours, transform), prepare(asked, colours, transform)

        self.prepared = prepared
        self.sizes = [question.size for question in questions]
        self.counts = [Count() for _ in questions]
        self.optimizer = torch.optim.Adam(network.parameters(), recipe.learning_rate, betas=(0.9, recipe.beta2))
        self.steps = 0

    def step(self) -> float:
        """Learn from the demonstrations once, and answer if it is time to. Returns the loss before the step."""
        examples, shown = self._lesson()
        loss = loss_of(self.network(examples, shown, self._hears), examples, shown)
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

    def _chance(self) -> float:
        return float(torch.rand((), generator=self.generator))

    def _hears(self) -> bool:
        return not self.recipe.missing or self._chance() >= self.recipe.missing

    def _transform(self) -> int:
        return int(torch.randint(len(TRANSFORMS), (), generator=self.generator)) if self.recipe.turned else 0

    def _lesson(self) -> tuple[Examples, Tensor]:
        """Some demonstrations in random order, and of which of them the output is shown."""
        demonstrations, _ = self.prepared(self._transform())
        count = len(demonstrations)
        fitting = max(2, count * self.recipe.states // demonstrations.states)
        chosen = torch.randperm(count, generator=self.generator)[:fitting]
        shown = torch.zeros(len(chosen), dtype=torch.bool)
        if len(chosen) > 1 and self._chance() < self.recipe.shown:
            hidden = int(torch.randint(1, len(chosen), (), generator=self.generator))
            shown[hidden:] = True
        lesson = demonstrations.select(chosen)
        if self.recipe.missing:
            features = lesson.features.clone()
            for group in OPTIONAL:
                if not self._hears():
                    features[..., group] = 0
            lesson = replace(lesson, features=features)
        return lesson, shown

    @torch.no_grad()
    def answer(self) -> None:
        """Answer all test inputs and count the answers by the network's confidence in them."""
        transform = self._transform()
        _, questions = self.prepared(transform)
        shown = (questions.target != IGNORED).flatten(1).any(1)
        likely = self.network(questions, shown)[-len(self.sizes) :].log_softmax(1)
        for count, size, of_one in zip(self.counts, self.sizes, likely, strict=True):
            rows, columns = size[::-1] if transform in TRANSPOSING else size
            best, colour = of_one[:, :rows, :columns].max(0)
            grid = np.ascontiguousarray(TRANSFORMS[INVERSE[transform]](self.palette[colour.numpy()]))
            count.add(grid, float(best.mean().exp()) ** 10, self.recipe.memory)

    def ranked(self) -> list[Ranked]:
        """The answers so far to each test input, the most likely first."""
        return [count.ranked() for count in self.counts]


def loss_of(scores: Tensor, examples: Examples, shown: Tensor) -> Tensor:
    """The mean cross-entropy of the cells of the outputs that are not shown."""
    return F.cross_entropy(scores[~shown], examples.target[~shown], ignore_index=IGNORED)


def _shape(grid: Grid) -> tuple[int, int]:
    return grid.shape[0], grid.shape[1]
