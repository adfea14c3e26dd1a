"""What the hooks return: frozen descriptions that point at the heavy parts by ``"package.module:attribute"``.

This module imports the standard library only, so a plugin that imports nothing else costs the command line nothing.
Specs grow by fields with a default; `API_VERSION` rises when a plugin written for the old contract would break.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

API_VERSION = 1
"""The contract that this `trm` offers. A spec with a higher `api` is refused, a lower one is served."""

ANY_TASK = "*"
"""As a spec's `task`: the part serves every task."""


@dataclass(frozen=True, kw_only=True)
class PresetSpec:
    """A named, complete setting of task, model and training.

    Attributes:
        name: what `--preset` takes.
        summary: one line.
        task: values for fields of the task's config class.
        model: values for fields of `trm.TRMConfig`; what the data decides (vocabulary, length) is filled in.
        training: values for fields of `trm.TrainingConfig`.
        dataset: a dataset other than the task's default one.
        augmentation: an augmentation other than the task's default one; `""` for none.
        cost: what it costs, with the machine: "6 min on 2 cores".
        reaches: what it reaches: "94 % exact on unseen puzzles".
        source: who measured `reaches`: "measured" for us, or the paper it is quoted from.
        weights: the file of shipped weights that this preset made, as "package:path/inside/package.safetensors".
    """

    name: str
    summary: str
    task: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    augmentation: str | None = None
    cost: str = ""
    reaches: str = ""
    source: str = "measured"
    weights: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A named task.

    Attributes:
        name: what `trm train NAME` takes: lower-case letters, digits, ``-``, ``_`` and ``/``.
        summary: one line for `trm list-tasks`.
        config: ``"module:Class"`` of the task's settings, a pydantic model with ``extra="forbid"``.
        dataset: the name of its default dataset.
        augmentation: the name of its default augmentation, if any.
        metrics: the names of the metrics reported beside `cell_accuracy` and `exact_accuracy`.
        renderer: the name of its default renderer.
        presets: its presets; the first is the default.
        describe: ``"module:function"``, ``(config) -> trm.data.Description``: vocabulary, length, token names, structure.
        parse: ``"module:function"``, ``(text, config) -> list[IntArray [L]]``: puzzles from text, raising `PuzzleError`.
        fit: ``"module:function"``, ``(text, config) -> config``: the settings for the size of the puzzles in a text, raising
            `PuzzleError`, so that weights which contain no size solve others than they were trained on.
        format: ``"module:function"``, ``(tokens [L], config) -> str``: a puzzle or an answer as text that `parse` reads.
        check: ``"module:function"``, ``(inputs [L], answer [L], config) -> str | None``: what is wrong with an answer, in
            one sentence, or None for a valid one. It judges by the rules alone, without knowing the solution.
        solvable: ``"module:function"``, ``(inputs [L], config) -> str | None``: why a puzzle has no proper solution.
        evaluate: ``"module:function"``, ``(trm.evaluation.requests.EvaluationRequest) -> dict[str, float]``: takes over
            `trm evaluate`, and adds to the scores at the end of `trm train`, where answers are not scored one by one.
        solve: ``"module:function"``, ``(trm.evaluation.requests.SolveRequest) -> Iterable[SolvedPuzzle]``: takes over
            `trm solve`, where a puzzle is not answered in one pass.
        sample: task settings with which the conformance kit (`trm.testing`) builds the data: so few puzzles that it takes
            a second.
        symmetry_class: ``"module:function"``, ``(inputs [N, L], labels [N, L], config) -> keys [N]``: the same key for puzzles
            that are symmetric images of each other, so that the kit can tell whether the splits are disjoint. Left out,
            the kit draws images with the augmentations, which finds leaks only where there are few symmetries.
        expected_failures: checks of the kit that the task can't pass, each with the reason.
        api: the contract version it was written for.
    """

    name: str
    summary: str
    config: str
    describe: str
    dataset: str
    augmentation: str | None = None
    metrics: tuple[str, ...] = ()
    renderer: str | None = None
    presets: tuple[PresetSpec, ...] = ()
    parse: str | None = None
    fit: str | None = None
    format: str | None = None
    check: str | None = None
    solvable: str | None = None
    evaluate: str | None = None
    solve: str | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)
    symmetry_class: str | None = None
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A source of puzzles for a task.

    Attributes:
        name: its name, unique within the task.
        task: the task it belongs to.
        summary: one line.
        build: ``"module:function"``, ``(config, split, seed) -> trm.data.PuzzleSet``, `split` being "train" or "test".
            Same seed, same data; another split or seed, disjoint data. Derive streams with `numpy.random.SeedSequence`
            from (seed, split, index), never ``seed + index``.
        cache: keep what `build` returns on disk (for data that takes seconds to generate).
        api: the contract version it was written for.
    """

    name: str
    task: str
    summary: str
    build: str
    cache: bool = False
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class AugmentationSpec:
    """A random symmetry of a task.

    Attributes:
        name: its name, unique within the task.
        task: the task it belongs to.
        summary: one line.
        factory: ``"module:Class"``, called with the task's config; see `trm.data.Augmentation`.
        api: the contract version it was written for.
    """

    name: str
    task: str
    summary: str
    factory: str
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A score over predictions.

    Attributes:
        name: its name, unique within the task; the key of its value in `final_metrics`.
        task: the task it belongs to, or ``"*"``.
        summary: one line.
        factory: ``"module:Class"`` of the metric; see `trm.evaluation.Metric` for its methods.
            It is called with the task's configuration, and with `description=` (a `trm.data.Description`) if it has a
            parameter of that name.
        higher_is_better: how to compare two values.
        api: the contract version it was written for.
    """

    name: str
    task: str
    summary: str
    factory: str
    higher_is_better: bool = True
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class RendererSpec:
    """A way to show a puzzle, an answer, or a refinement.

    Attributes:
        name: its name, unique within the task.
        task: the task it belongs to, or ``"*"``.
        summary: one line.
        factory: ``"module:Class"`` of the renderer; see `trm.render.Renderer` for its method.
            It is called with the task's configuration, and with `description=` (a `trm.data.Description`) if it has a
            parameter of that name.
        api: the contract version it was written for.
    """

    name: str
    task: str
    summary: str
    factory: str
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """A device to compute on.

    Attributes:
        name: what `--device` takes.
        summary: one line.
        factory: ``"module:Class"``, called without arguments; see `trm.devices.Backend`.
        priority: `--device auto` takes the available backend of the highest priority.
        api: the contract version it was written for.
    """

    name: str
    summary: str
    factory: str
    priority: int = 0
    api: int = API_VERSION


TaskPart = DatasetSpec | AugmentationSpec | MetricSpec | RendererSpec
AnySpec = TaskSpec | TaskPart | BackendSpec
