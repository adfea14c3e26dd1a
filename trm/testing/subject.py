"""The task under test: its parts built once, for all checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel

from trm.config.overrides import validated
from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet
from trm.errors import PluginError, TRMError
from trm.evaluation.metrics import Metric
from trm.experiment.task import Task
from trm.plugins.code import config_class_of, load
from trm.plugins.registry import Part, Plugin, get_registry
from trm.render.renderer import Renderer
from trm.specs import ANY_TASK, AugmentationSpec, DatasetSpec, MetricSpec, Reference, RendererSpec, TaskSpec
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
            problem = problem_with(reference)
            if problem is not None:
                found[reference] = problem
        return found

    def need(self, *references: Reference | None) -> None:
        """Check that references of the task can be used.

        Raises:
            Blocked: one cannot, which the check `references` reports.
        """
        if self.unusable.keys() & set(references):
            raise Blocked("references")

    @cached_property
    def config_class(self) -> type[BaseModel]:
        self.need(self.spec.config)
        return config_class_of(self.spec)

    @cached_property
    def config(self) -> BaseModel:
        """The configuration of the sample."""
        with plugin_code("Building the configuration with `sample`"):
            config: BaseModel = validated(self.config_class, self.spec.sample, "sample")
            return config

    @cached_property
    def task(self) -> Task:
        """The task with the settings of the sample and its default dataset."""
        return Task(self.spec, self.config, self.spec.dataset_name)

    @cached_property
    def description(self) -> Description:
        self.need(self.spec.describe)
        with plugin_code(self.spec.describe):
            try:
                return self.task.description
            except PluginError as error:
                raise CheckFailure(str(error), "Most likely a `return` is missing.") from error

    def build(self, split: str, seed: int) -> PuzzleSet:
        """The default dataset, built anew."""
        dataset = self.parts(DatasetSpec).get(self.spec.dataset_name)
        if dataset is None:
            raise Blocked("references")
        self.need(dataset.build)
        with plugin_code(dataset.build):
            puzzles = self.task.build(split, seed)
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
        return np.where(self.labels == IGNORED, self.description.tokens(self.inputs), self.labels)

    def check(self, inputs: IntArray, answer: IntArray) -> str | None:
        """What is wrong with an answer ``[L]`` by the task's rules; None if it is valid or the task has no rules."""
        self.need(self.spec.check)
        with plugin_code("`check`"):
            return self.task.check(inputs, answer)

    def symmetry_class(self, inputs: IntArray, labels: IntArray) -> IntArray:
        """The keys ``[N]`` of the task's `symmetry_class`."""
        assert self.spec.symmetry_class
        self.need(self.spec.symmetry_class)
        return np.asarray(self.task.symmetry_class(inputs, labels))

    def augmentations(self) -> Iterator[tuple[str, Augmentation]]:
        for name, part in self.parts(AugmentationSpec).items():
            self.need(part.factory)
            with plugin_code(part.factory):
                augmentation = replace(self.task, augmentation_name=name).augmentation()
            assert augmentation is not None
            yield name, augmentation

    def metrics(self) -> Iterator[tuple[MetricSpec, Metric]]:
        for part in self.parts(MetricSpec).values():
            self.need(part.factory)
            with plugin_code(part.factory):
                metric = self.task.metrics([part.name])[part.name]
            yield part, metric

    def renderers(self) -> Iterator[tuple[str, Renderer]]:
        for name, part in self.parts(RendererSpec).items():
            self.need(part.factory)
            with plugin_code(part.factory):
                renderer = self.task.renderer(name)
            yield name, renderer

    def corrupted(self, answers: IntArray) -> IntArray:
        """The answers ``[N, L]`` with a wrong token at one scored position of each, one that the puzzle leaves open if any."""
        rng = np.random.default_rng(0)
        wrong = answers.copy()
        tokens = np.unique(self.answers[self.labels != IGNORED])
        if len(tokens) < 2:
            tokens = np.arange(self.description.vocab_size)
        for row, labels in enumerate(self.labels[: len(wrong)]):
            scored = np.flatnonzero(labels != IGNORED)
            open_cells = np.flatnonzero((labels != IGNORED) & (labels != self.description.tokens(self.inputs[row])))
            cell = rng.choice(open_cells if len(open_cells) else scored)
            wrong[row, cell] = rng.choice(tokens[tokens != answers[row, cell]])
        return wrong


def references_of(spec: Any) -> list[str]:
    """All 'module:attribute' references of a spec."""
    names = (field.name for field in fields(spec) if field.name not in NOT_REFERENCES)
    return [value for value in (getattr(spec, name) for name in names) if isinstance(value, str)]


def problem_with(reference: str) -> tuple[str, str] | None:
    """What is wrong with a reference, and the likely cause."""
    try:
        target = load(reference)
    except TRMError as error:
        return str(error), "Most likely the module or the attribute was renamed."
    if not callable(target):
        problem = f"{reference!r} is of type {type(target).__name__}, which cannot be called."
        return problem, "Most likely the reference names a module's constant instead of its class or function."
    return None
