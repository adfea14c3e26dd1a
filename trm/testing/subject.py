"""The task under test: its parts built once, for all checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel

from trm.config.overrides import validated
from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet
from trm.errors import TRMError
from trm.evaluation.metrics import Metric
from trm.experiment.experiment import Experiment
from trm.plugins.code import load
from trm.plugins.factories import call_factory
from trm.plugins.registry import Part, Plugin, get_registry
from trm.render.renderer import Renderer
from trm.specs import ANY_TASK, AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm.testing.check import Blocked, CheckFailure, CheckSkipped, plugin_code, require

ROWS = 64
"""Number of puzzles that the checks of single puzzles look at."""

NOT_REFERENCES = {"name", "task", "summary", "dataset", "augmentation", "renderer"}
"""The fields of specs whose strings are names or prose. Every other string is a 'module:attribute' reference."""


class Subject:
    """A task, with the settings of its `sample`. Every part is built when a check first asks for it.

    Attributes:
        spec: the task's spec.
        outcomes: what each check found that has run; None for a check that passed.
    """

    def __init__(self, task: str) -> None:
        self.registry = get_registry()
        self.spec: TaskSpec = self.registry.task(task)
        self.outcomes: dict[str, CheckFailure | CheckSkipped | None] = {}

    @property
    def plugin(self) -> Plugin:
        return self.registry.owner(self.spec)

    @property
    def module(self) -> str | None:
        """The module of the task's entry point."""
        return self.plugin.module or None

    def parts(self, kind: type[Part]) -> dict[str, Part]:
        """The parts of the task by name, without those that serve every task."""
        return {name: part for name, part in self.registry.parts(kind, self.spec.name).items() if part.task != ANY_TASK}

    @cached_property
    def unusable(self) -> dict[str, tuple[str, str]]:
        """The references of the task and its parts that do not work, each with the problem and its likely cause."""
        specs = [
            self.spec,
            *self.parts(DatasetSpec).values(),
            *self.parts(AugmentationSpec).values(),
            *self.parts(MetricSpec).values(),
            *self.parts(RendererSpec).values(),
        ]
        found = {}
        for reference in dict.fromkeys(reference for spec in specs for reference in references_of(spec)):
            problem = _problem_with(reference)
            if problem is not None:
                found[reference] = problem
        return found

    def load(self, reference: str) -> Any:
        """What a reference of the task points at.

        Raises:
            Blocked: it cannot be used, which the check `references` reports.
        """
        if reference in self.unusable:
            raise Blocked("references")
        return load(reference)

    @cached_property
    def config_class(self) -> type[BaseModel]:
        config_class: type[BaseModel] = self.load(self.spec.config)
        return config_class

    @cached_property
    def config(self) -> BaseModel:
        """The configuration of the sample."""
        with plugin_code("Building the configuration with `sample`"):
            config: BaseModel = validated(self.config_class, self.spec.sample, "sample")
            return config

    @cached_property
    def experiment(self) -> Experiment:
        return Experiment(spec=self.spec, task_config=self.config, dataset=self.spec.dataset_name)

    @cached_property
    def description(self) -> Description:
        describe = self.load(self.spec.describe)
        with plugin_code(self.spec.describe):
            description = describe(self.config)
        require(
            isinstance(description, Description),
            f"{self.spec.describe} returned {type(description).__name__}, expected a trm.data.Description.",
            "Most likely a `return` is missing.",
        )
        described: Description = description
        return described

    def build(self, split: str, seed: int) -> PuzzleSet:
        """The default dataset, built anew."""
        dataset = self.parts(DatasetSpec).get(self.spec.dataset_name)
        if dataset is None:
            raise Blocked("references")
        build = self.load(dataset.build)
        with plugin_code(dataset.build):
            puzzles = build(self.config, split, seed)
        require(
            isinstance(puzzles, PuzzleSet),
            f"{dataset.build} returned {type(puzzles).__name__}, expected a trm.data.PuzzleSet.",
            "Most likely it returns bare arrays: wrap them with PuzzleSet(inputs, labels, describe(config)).",
        )
        built: PuzzleSet = puzzles
        return built

    @cached_property
    def train(self) -> PuzzleSet:
        return self.build("train", 0)

    @cached_property
    def test(self) -> PuzzleSet:
        return self.build("test", 0)

    @cached_property
    def inputs(self) -> IntArray:
        """The first puzzles of the test split ``[N, L]``, as the sampler gives them."""
        return np.asarray(self.test.inputs[:ROWS]).astype(np.int64)

    @cached_property
    def labels(self) -> IntArray:
        """Their labels ``[N, L]``, -100 where not scored."""
        return self.test.scored_labels(slice(0, ROWS))

    @cached_property
    def answers(self) -> IntArray:
        """Their right answers ``[N, L]``: the label, or the input where a position is not scored."""
        return np.where(self.labels == IGNORED, self.inputs, self.labels)

    def check(self, inputs: IntArray, answer: IntArray) -> str | None:
        """What is wrong with an answer ``[L]`` by the task's rules; None if it is valid or the task has no rules."""
        if self.spec.check is None:
            return None
        check = self.load(self.spec.check)
        with plugin_code("`check`"):
            problem: str | None = check(inputs, answer, self.config)
        return problem

    def symmetry_class(self, inputs: IntArray, labels: IntArray) -> IntArray:
        """The keys ``[N]`` of the task's `symmetry_class`."""
        assert self.spec.symmetry_class
        return np.asarray(self.load(self.spec.symmetry_class)(inputs, labels, self.config))

    def augmentations(self) -> Iterator[tuple[str, Augmentation]]:
        for name, part in self.parts(AugmentationSpec).items():
            yield name, self._made(part.factory)

    def metrics(self) -> Iterator[tuple[MetricSpec, Metric]]:
        for part in self.parts(MetricSpec).values():
            yield part, self._made(part.factory)

    def renderers(self) -> Iterator[tuple[str, Renderer]]:
        for name, part in self.parts(RendererSpec).items():
            yield name, self._made(part.factory)

    def _made(self, factory: str) -> Any:
        made = self.load(factory)
        with plugin_code(factory):
            return call_factory(made, self.config, lambda: self.description)

    def corrupted(self, answers: IntArray) -> IntArray:
        """The answers ``[N, L]`` with a wrong token at one scored position of each, one that the puzzle leaves open if any."""
        rng = np.random.default_rng(0)
        wrong = answers.copy()
        tokens = np.unique(self.answers[self.labels != IGNORED])
        if len(tokens) < 2:
            tokens = np.arange(self.description.vocab_size)
        for row, labels in enumerate(self.labels[: len(wrong)]):
            scored = np.flatnonzero(labels != IGNORED)
            open_cells = np.flatnonzero((labels != IGNORED) & (labels != self.inputs[row]))
            cell = rng.choice(open_cells if len(open_cells) else scored)
            wrong[row, cell] = rng.choice(tokens[tokens != answers[row, cell]])
        return wrong


def references_of(spec: Any) -> list[str]:
    """All 'module:attribute' references of a spec."""
    fields = (field.name for field in dataclasses.fields(spec) if field.name not in NOT_REFERENCES)
    return [value for value in (getattr(spec, name) for name in fields) if isinstance(value, str)]


def _problem_with(reference: str) -> tuple[str, str] | None:
    """What is wrong with a reference, and the likely cause."""
    try:
        target = load(reference)
    except TRMError as error:
        return str(error), "Most likely the module or the attribute was renamed."
    if not callable(target):
        problem = f"{reference!r} is of type {type(target).__name__}, which cannot be called."
        return problem, "Most likely the reference names a module's constant instead of its class or function."
    return None
