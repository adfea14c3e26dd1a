"""ARC tasks as puzzle sets: a group is a task, a puzzle is one of its variants, an example is a pair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from trm.data import IntArray, PuzzleSet, progress
from trm.errors import DataError, UsageError
from trm_tasks_arc.canvases import Canvases, Plan
from trm_tasks_arc.config import ArcConfig, describe
from trm_tasks_arc.grids import PAD, Grid
from trm_tasks_arc.leaks import LeakError, leaked
from trm_tasks_arc.pairs import Pair, Task, Tasks
from trm_tasks_arc.subsets import SUBSETS
from trm_tasks_arc.tasks import fitting, load_sources
from trm_tasks_arc.transforms import TRANSPOSING, variant_names
from trm_tasks_arc.variants import draw_variants

BLANK = "<blank>"
UNKNOWN = np.zeros((0, 0), np.uint8)
"""Output of a test input whose solution is unknown: its labels are all padding, so it is not scored."""


@dataclass(frozen=True)
class Selection:
    """The tasks selected by the settings.

    Attributes:
        training: tasks with all pairs in the training split.
        evaluation: tasks with demonstration pairs in the training split and test pairs in the test split.
    """

    training: Tasks
    evaluation: Tasks

    @property
    def all(self) -> list[Task]:
        """All tasks, in the order of their puzzle ids."""
        return [*self.training.values(), *self.evaluation.values()]


def select(config: ArcConfig) -> Selection:
    """Select the tasks that the settings name.

    Raises:
        LeakError: evaluation tasks are also training tasks.
        DataError: no evaluation task is left, or a source is malformed.
        UsageError: a source or an id is unknown.
    """
    training, evaluation = load_sources(config.training), load_sources(config.evaluation)
    leaks = leaked(training, evaluation)
    if leaks and config.leaks == "refuse":
        raise LeakError(leaks)
    training = {task_id: task for task_id, task in training.items() if task_id not in leaks.values()}
    chosen = [set(ids) for ids in (config.tasks, SUBSETS[config.subset] if config.subset else None) if ids is not None]
    for ids in chosen:
        unknown = sorted(ids - training.keys() - evaluation.keys())
        if unknown:
            hint = f" Set task.subset=none to use more than the subset {config.subset!r}." if config.subset else ""
            raise UsageError(
                f"There is no task {unknown[0]} in {', '.join((*config.training, *config.evaluation))}.{hint}"
            )

    def wanted(tasks: Tasks) -> Tasks:
        return {task_id: task for task_id, task in tasks.items() if all(task_id in ids for ids in chosen)}

    selection = Selection(*(fitting(wanted(tasks), config.side) for tasks in (training, evaluation)))
    if not selection.evaluation:
        raise DataError(
            f"No task of {', '.join(config.evaluation)} is left to score. Set task.side above {config.side}, or change "
            "task.tasks."
        )
    return selection


def build(config: ArcConfig, split: str, seed: int) -> PuzzleSet:
    """Build the pairs of all variants. The seed determines variants and translations, not the tasks.

    Raises:
        DataError, UsageError: see `select`.
    """
    return build_selection(select(config), config, split, seed)


def build_selection(selection: Selection, config: ArcConfig, split: str, seed: int) -> PuzzleSet:
    """Build the pairs of all variants of the selected tasks."""
    rows = _Rows(config.side, np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0xA2C]))))
    train = split == "train"
    names = [BLANK]
    with progress("Drawing variants of the tasks", len(selection.all), "tasks") as advance:
        for task in selection.all:
            transforms, colours = draw_variants(
                task, config.variants, seed, transforms=config.transforms, recolour=config.recolour
            )
            first_id = len(names)
            names += [task.id, *variant_names(task.id, transforms[1:], colours[1:])]
            pairs = _pairs(task, task.id in selection.training, train)
            if pairs:
                rows.add(pairs, first_id, transforms, colours, translate=train and config.translate)
            advance(1)
    return rows.puzzle_set(
        description=replace(describe(config), num_puzzle_identifiers=len(names)),
        identifiers=tuple(names),
        documents={"test_puzzles": {task_id: task.as_json() for task_id, task in selection.evaluation.items()}},
    )


def _pairs(task: Task, all_pairs: bool, train: bool) -> list[Pair]:
    """Return the pairs of a task in the training or test split."""
    if not train:
        return [] if all_pairs else list(task.test)
    return [pair for pair in (*task.train, *(task.test if all_pairs else ())) if pair.output is not None]


@dataclass
class _Rows:
    """Collects the rows of a split, task by task."""

    side: int
    rng: np.random.Generator
    grids: list[tuple[Grid, Grid]] = field(default_factory=list)
    columns: list[tuple[IntArray, ...]] = field(default_factory=list)
    variants: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    puzzles: list[tuple[int, int]] = field(default_factory=list)
    ids: list[IntArray] = field(default_factory=list)
    count: int = 0

    def add(
        self, pairs: list[Pair], first_id: int, transforms: IntArray, colours: IntArray, *, translate: bool
    ) -> None:
        """Add the pairs of a task for each variant; variants are the outer loop."""
        many = len(transforms)
        pair = np.tile(np.arange(len(pairs)) + len(self.grids), many)
        variant = np.repeat(np.arange(many), len(pairs))
        corner = np.zeros((len(pair), 2), np.uint8)
        if translate:
            corner = self._corners(pairs, transforms)
        self.grids += [(pair.input, UNKNOWN if pair.output is None else pair.output) for pair in pairs]
        self.columns.append((pair.astype(np.int32), (variant + self.count).astype(np.int32), corner))
        self.variants.append((transforms, colours))
        self.ids.append(np.arange(first_id, first_id + many))
        self.puzzles.append((many, len(pairs)))
        self.count += many

    def _corners(self, pairs: list[Pair], transforms: IntArray) -> IntArray:
        """Draw a corner for each pair of each variant, shared by input and output; one pair per variant stays at (0, 0)."""
        size = np.array(
            [np.maximum(p.input.shape, p.input.shape if p.output is None else p.output.shape) for p in pairs]
        )
        sizes = np.where(np.isin(transforms, TRANSPOSING)[:, None, None], size[:, ::-1], size)  # [variants, pairs, 2]
        corners = (self.rng.random(sizes.shape) * (self.side - sizes + 1)).astype(np.uint8)
        stays = self.rng.integers(len(pairs), size=len(transforms))
        corners[np.arange(len(transforms)), stays] = 0
        return corners.reshape(-1, 2)

    def puzzle_set(self, **facts: Any) -> PuzzleSet:
        pair, variant, corner = (np.concatenate(column) for column in zip(*self.columns, strict=True))
        transforms, colours = (np.concatenate(column) for column in zip(*self.variants, strict=True))
        plan = Plan(pair, variant, corner, transforms, colours, self.side)
        inputs, outputs = zip(*self.grids, strict=True)
        return PuzzleSet(
            inputs=cast(IntArray, Canvases(plan, inputs)),
            labels=cast(IntArray, Canvases(plan, outputs)),
            puzzle_ids=np.concatenate(self.ids).astype(np.int32),
            puzzle_indices=_offsets(size for many, size in self.puzzles for _ in range(many)),
            group_indices=_offsets(many for many, _ in self.puzzles),
            ignore_label=PAD,
            **facts,
        )


def _offsets(sizes: Iterable[int]) -> IntArray:
    return np.cumsum([0, *sizes]).astype(np.int32)
