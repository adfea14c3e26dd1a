"""The task under test: its parts built once, for all checks."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
from pydantic import BaseModel

from trm.config.overrides import validated
from trm.data.augmentation import Augmentation
from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet
from trm.evaluation.metrics import Metric
from trm.experiment.task import Task
from trm.plugins.code import config_class_of, load
from trm.plugins.registry import GROUP, Part, Plugin, get_registry
from trm.render.renderer import Renderer
from trm.specs import ANY_TASK, AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm.testing.check import CheckFailure, fail_with, require

ROWS = 64
"""Puzzles that the checks of single puzzles look at."""


@contextmanager
def plugin_code(what: str) -> Iterator[None]:
    """Run code of the plugin; an error in it fails the check and is named with its place."""
    try:
        yield
    except CheckFailure:
        raise
    except Exception as error:
        fail_with(what, error)


class Subject:
    """A task by name, with the settings of its `sample`. Every part is built when a check first asks for it."""

    def __init__(self, task: str) -> None:
        self.registry = get_registry()
        self.spec: TaskSpec = self.registry.task(task)

    @property
    def plugin(self) -> Plugin:
        return self.registry.owner(self.spec)

    @property
    def module(self) -> str | None:
        """The module of the task's entry point."""
        found = importlib.metadata.entry_points(group=GROUP, name=self.plugin.name)
        return next((entry_point.module for entry_point in found), None)

    def parts(self, kind: type[Part]) -> dict[str, Part]:
        """The parts of the task by name, without those that serve every task."""
        return {name: part for name, part in self.registry.parts(kind, self.spec.name).items() if part.task != ANY_TASK}

    @cached_property
    def config_class(self) -> type[BaseModel]:
        with plugin_code(f"Loading {self.spec.config}"):
            return config_class_of(self.spec)

    @cached_property
    def config(self) -> BaseModel:
        """The settings of the sample."""
        with plugin_code("Building the settings of `sample`"):
            config: BaseModel = validated(self.config_class, self.spec.sample, "sample")
            return config

    @cached_property
    def task(self) -> Task:
        return Task(self.spec, self.config, self.spec.dataset_name)

    @cached_property
    def description(self) -> Description:
        with plugin_code(self.spec.describe):
            return self.task.description

    def build(self, split: str, seed: int) -> PuzzleSet:
        """The default dataset, built anew."""
        dataset = self.registry.part(DatasetSpec, self.spec.name, self.spec.dataset_name)
        with plugin_code(dataset.build):
            puzzles = load(dataset.build)(self.config, split, seed)
        require(
            isinstance(puzzles, PuzzleSet),
            f"{dataset.build} returned {type(puzzles).__name__}, not a trm.data.PuzzleSet.",
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
        """The first puzzles of the test split, ``[N, L]``, as the sampler would give them."""
        return np.asarray(self.test.inputs[:ROWS]).astype(np.int64)

    @cached_property
    def labels(self) -> IntArray:
        """Their labels, -100 where not scored."""
        return self.test.scored_labels(slice(0, ROWS))

    @cached_property
    def answers(self) -> IntArray:
        """Their right answers: the label, or the input where nothing is scored."""
        return np.where(self.labels == IGNORED, self.inputs, self.labels)

    def augmentations(self) -> Iterator[tuple[str, Augmentation]]:
        for name, part in self.parts(AugmentationSpec).items():
            with plugin_code(part.factory):
                augmentation = load(part.factory)(self.config)
            yield name, augmentation

    def metrics(self) -> Iterator[tuple[MetricSpec, Metric]]:
        for part in self.parts(MetricSpec).values():
            with plugin_code(part.factory):
                metric = load(part.factory)(self.config)
            yield part, metric

    def renderers(self) -> Iterator[tuple[str, Renderer]]:
        for name, part in self.parts(RendererSpec).items():
            with plugin_code(part.factory):
                renderer = self.task.renderer(name)
            yield name, renderer

    def corrupted(self, answers: IntArray) -> IntArray:
        """The answers ``[N, L]`` with one scored cell of each made wrong: one that the puzzle leaves open, where there is one."""
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
