"""Several networks learn a task one after the other, each in its own way, and vote on the answers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from trm.training import keep_freed_memory
from trm_tasks_arc.grids import Grid, GridKey, grid_key
from trm_tasks_arc.learner import Learner, Ranked, Recipe
from trm_tasks_arc.network import PairNetwork, load_network
from trm_tasks_arc.pairs import Task

SHIPPED = Path(__file__).parent / "weights" / "pairs.safetensors"
SMOOTHING = 0.9


@dataclass(frozen=True)
class Member:
    """How a member of the committee starts and learns.

    Attributes:
        recipe: how it learns.
        weights: file of the weights to start from; None for random ones.
    """

    recipe: Recipe
    weights: Path | None = None


MEMBERS = (
    Member(Recipe(learning_rate=3e-3, shown=0.9, turned=True), SHIPPED),
    Member(Recipe(learning_rate=5e-3, shown=0)),
    Member(Recipe(learning_rate=3e-3, shown=0.9, turned=True, missing=0.25), SHIPPED),
    Member(Recipe(learning_rate=5e-3, shown=0, turned=True, missing=0.25)),
)


TRAINED_ON = (
    "565 training tasks of ARC-AGI-1 and ARC-AGI-2: no evaluation task of either, none of trm_tasks_arc.validation, "
    "and none that shares a grid with one of those"
)


def declaration() -> list[dict[str, Any]]:
    """What the members are, for the protocol of an evaluation: recipe, and the checksum of the weights they start from."""
    return [
        {
            "recipe": asdict(member.recipe),
            "weights": member.weights and hashlib.sha256(member.weights.read_bytes()).hexdigest(),
        }
        for member in MEMBERS
    ]


def in_words() -> str:
    """The members in a few words."""
    parameters = sum(parameter.numel() for parameter in PairNetwork().parameters())
    return f"{len(MEMBERS)} networks of {parameters:,} parameters in turn"


@dataclass(frozen=True)
class Turns:
    """When a member has learned enough and the next one begins.

    Attributes:
        loss: running mean of the loss below which it has learned the demonstrations (default: 0.002).
        least: steps that it learns at least (default: 80).
        most: steps that it learns at most (default: 400).
    """

    loss: float = 2e-3
    least: int = 80
    most: int = 400


class Committee:
    """Learns one task with one member after the other, in turns, and with other seeds when all have had one.

    Args:
        task: the task. Only its demonstrations and test inputs are used.
        members: the members (default: `MEMBERS`).
        turns: when one follows another (default: `Turns()`).
        seed: seed of random weights and of which demonstrations a step uses (default: 0).
    """

    def __init__(
        self, task: Task, members: tuple[Member, ...] = MEMBERS, turns: Turns | None = None, *, seed: int = 0
    ) -> None:
        keep_freed_memory()
        self.task, self.members, self.turns, self.seed = task, members, turns or Turns(), seed
        self.votes: list[dict[GridKey, float]] = [defaultdict(float) for _ in task.test]
        self.grids: dict[GridKey, Grid] = {}
        self.steps = self.finished = 0
        self.current = self._next()

    def _next(self) -> Learner:
        member = self.members[self.finished % len(self.members)]
        seed = self.seed + self.finished
        self.loss = 1.0
        if member.weights:
            network = load_network(member.weights)
        else:
            with torch.random.fork_rng(devices=()):
                torch.manual_seed(seed)
                network = PairNetwork()
        return Learner(self.task, network, member.recipe, seed=seed)

    def step(self) -> float:
        """Let the current member learn from the demonstrations once. Returns its loss before the step."""
        loss = self.current.step()
        self.steps += 1
        self.loss += (1 - SMOOTHING) * (loss - self.loss)
        learned = self.loss < self.turns.loss and self.current.steps >= self.turns.least
        if learned or self.current.steps >= self.turns.most:
            self._count(self.votes, 1.0)
            self.finished += 1
            self.current = self._next()
        return loss

    def _count(self, votes: list[dict[GridKey, float]], weight: float) -> None:
        for counted, ranked in zip(votes, self.current.ranked(), strict=True):
            for grid, share in ranked:
                counted[grid_key(grid)] += weight * share
                self.grids[grid_key(grid)] = grid

    def answer(self) -> None:
        """Let the current member answer all test inputs."""
        self.current.answer()

    def ranked(self) -> list[Ranked]:
        """The answers to each test input with their shares of the votes of all members, the most likely first."""
        votes: list[dict[GridKey, float]] = [defaultdict(float, counted) for counted in self.votes]
        self._count(votes, min(1.0, max(1, self.current.steps) / self.turns.least))  # a beginner counts little
        return [
            [
                (self.grids[key], share / sum(counted.values()))
                for key, share in sorted(counted.items(), key=lambda item: -item[1])
            ]
            for counted in votes
        ]
