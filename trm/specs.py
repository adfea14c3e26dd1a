"""What the hooks return: frozen specs that refer to the heavy parts by ``"package.module:attribute"``.

This module imports the standard library only, so that a plugin's module can import it and still load fast. Specs grow by
fields with a default. `API_VERSION` rises when a plugin that was written for the old contract would break.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trm.errors import PluginError

API_VERSION = 1
"""The contract that this `trm` offers. It loads specs whose `api` is this number or lower, and refuses others."""

Reference = str | Callable[..., Any]
"""A function or class, as ``"package.module:attribute"`` or as itself, from the top level of a module or notebook.

A plugin that every command imports uses the text, so that the code is imported when it is needed. Registered specs hold
the text.
"""

ANY_TASK = "*"
"""As the `task` of a part: the part belongs to every task."""


@dataclass(frozen=True, kw_only=True)
class PresetSpec:
    """Named settings for task, model and training.

    Attributes:
        name: the value for `--preset`.
        summary: one line for `trm list-tasks -v`.
        task: values for fields of the task's config class.
        model: values for fields of `trm.TRMConfig`. The data decides vocabulary and length.
        training: values for fields of `trm.TrainingConfig`.
        dataset: the name of a dataset. Default: the task's.
        augmentation: the name of an augmentation; `""` for none. Default: the task's.
        cost: what training costs, and on which machine, as in "6 min on 2 cores".
        reaches: the result, as in "94 % exact on unseen puzzles".
        source: where `cost` and `reaches` come from: "measured" for your own measurement, else the paper.
        weights: the file of weights that the plugin ships for this preset, as "package:path/in/package.safetensors".
        starts_from: the preset of the same task whose trained weights this one starts from. `trm train` trains that one
            first, in the same run; `--init` replaces it. Default: random weights.
        benchmark: whether `trm doctor --benchmark` measures this preset, as one of a few that stand for others of their size.
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
    starts_from: str | None = None
    benchmark: bool = False


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A source of puzzles for a task.

    Attributes:
        name: unique within the task.
        task: the name of the task. Default: the task whose `TaskSpec` contains this spec.
        summary: one line.
        build: ``"module:function"``, ``(config, split, seed) -> trm.data.PuzzleSet``. `split` is one of `splits`. The
            same seed gives the same data; another split or seed gives disjoint data. Derive random streams with
            `numpy.random.SeedSequence` from (seed, split, index), never from ``seed + index``.
        cache: whether to keep on disk what `build` returns. Worthwhile for data that takes seconds to generate.
        reads: the task settings that `build` reads beyond those that belong to the task itself, such as its size: the number
            of puzzles, their difficulty, a file. A setting that any dataset of the task lists here is refused for datasets
            that do not list it, and for a folder of arrays. Default: not declared, so that no setting is refused.
        counts: the task setting with the number of puzzles of each split, as in ``{"test": "test_puzzles"}``. It declares
            that a smaller number gives the first puzzles of a larger one, so that `--limit` makes no more than it needs.
        splits: the splits that `build` makes: "train" and "test", and "validation" if it makes puzzles to choose settings by,
            which are in neither of the other two. `trm sweep` compares settings on them.
        sources: the modules whose code determines the puzzles; what was generated is kept until one of them is edited.
            Default: all modules of the package that `build` is in.
        shipped: files with splits that take long to generate, as "package:path/in/package.npz.xz"; `trm data pack` writes them.
        api: the contract version that the spec was written for.
    """

    name: str
    task: str = ""
    summary: str
    build: Reference
    cache: bool = False
    reads: tuple[str, ...] | None = None
    counts: Mapping[str, str] = field(default_factory=dict)
    splits: tuple[str, ...] = ("train", "test")
    sources: tuple[str, ...] = ()
    shipped: tuple[str, ...] = ()
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class AugmentationSpec:
    """A random symmetry of a task.

    Attributes:
        name: unique within the task.
        task: the name of the task. Default: the task whose `TaskSpec` contains this spec.
        summary: one line.
        factory: ``"module:Class"``, called with the task's config; see `trm.data.Augmentation`. A class with a parameter
            `description` also receives the task's `trm.data.Description`.
        api: the contract version that the spec was written for.
    """

    name: str
    task: str = ""
    summary: str
    factory: Reference
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A score over predictions.

    Attributes:
        name: unique within the task; the key of the value in `final_metrics`.
        task: the name of the task, or ``"*"`` for all. Default: the task whose `TaskSpec` contains this spec.
        summary: one line.
        factory: ``"module:Class"``, called with the task's config; see `trm.evaluation.Metric`. A class with a parameter
            `description` also receives the task's `trm.data.Description`.
        higher_is_better: how to compare two values.
        api: the contract version that the spec was written for.
    """

    name: str
    task: str = ""
    summary: str
    factory: Reference
    higher_is_better: bool = True
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class RendererSpec:
    """A way to show a puzzle, an answer, or a refinement.

    Attributes:
        name: unique within the task.
        task: the name of the task, or ``"*"`` for all. Default: the task whose `TaskSpec` contains this spec.
        summary: one line.
        factory: ``"module:Class"``, called with the task's config; see `trm.render.Renderer`. A class with a parameter
            `description` also receives the task's `trm.data.Description`.
        api: the contract version that the spec was written for.
    """

    name: str
    task: str = ""
    summary: str
    factory: Reference
    api: int = API_VERSION


TaskPart = DatasetSpec | AugmentationSpec | MetricSpec | RendererSpec


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A named task.

    A task can contain the specs of its parts, which then need no `task` and no hook of their own::

        TaskSpec(name="chess", dataset=DatasetSpec(name="openings", summary="...", build="chess.data:build"), ...)

    Each part can also be named here and registered through the hook of its kind.

    Attributes:
        name: the NAME in `trm train NAME`: lower-case letters, digits, ``-``, ``_`` and ``/``.
        summary: one line for `trm list-tasks`.
        config: ``"module:Class"`` of the task's settings, a pydantic model with ``extra="forbid"``.
        describe: ``"module:function"``, ``(config) -> trm.data.Description``: vocabulary, length, token names, structure.
        dataset: the default dataset: a spec, or the name of a registered one.
        augmentation: the default augmentation: a spec, or the name of a registered one. Default: none.
        metrics: the metrics that are reported beside `cell_accuracy` and `exact_accuracy`: specs, or names of registered
            ones.
        renderer: the default renderer: a spec, or the name of a registered one. Default: `tokens`.
        datasets: more datasets.
        augmentations: more augmentations.
        renderers: more renderers.
        presets: the presets. The first one is the default.
        parse: ``"module:function"``, ``(text, config) -> list[IntArray [L]]``: reads puzzles from text, or raises
            `PuzzleError`.
        read: ``"module:function"``, ``(text, config) -> trm.data.Reading``: replaces `parse` for tasks that recognize
            several forms, name the one they found, and go on after a puzzle that cannot be read.
        fit: ``"module:function"``, ``(text, config) -> config``: the settings for the size of the puzzles in a text, or
            `PuzzleError`. With it, weights that do not depend on the size solve puzzles of other sizes.
        format: ``"module:function"``, ``(tokens [L], config) -> str``: a puzzle or an answer as text that `parse` reads.
        check: ``"module:function"``, ``(inputs [L], answer [L], config) -> str | None``: what is wrong with an answer, in
            one sentence; None if it is valid. It applies the rules and does not need the solution. Where puzzles have a
            structure of their own, all functions get rows ``[W]`` as puzzles, and `check` gets as many tokens as the
            puzzle has positions.
        solvable: ``"module:function"``, ``(inputs [L], config) -> str | None``: why a puzzle has no proper solution; None
            if it has one.
        board: ``"module:function"``, ``(config) -> trm.render.Board``: how the page of `trm play` draws and edits puzzles, and
            their rules as data. A function with a parameter `description` also receives the task's
            `trm.data.Description`. Default: a grid of token names without rules.
        evaluate: ``"module:function"``, ``(trm.evaluation.EvaluationRequest) -> dict[str, float]``: replaces the
            evaluation of `trm evaluate`, and adds scores at the end of `trm train`. For tasks whose answers are not scored
            one by one.
        solve: ``"module:function"``, ``(trm.evaluation.SolveRequest) -> Iterable[SolvedPuzzle]``: replaces the solver of
            `trm solve`. For tasks whose puzzles are not solved in one pass.
        score: ``"module:function"``, ``(trm.evaluation.ScoreRequest) -> dict[str, float]``: scores a file of answers that were
            made elsewhere, for `trm score`.
        solve_untrained: ``"module:function"``, ``(trm.evaluation.UntrainedRequest) -> Iterable[SolvedPuzzle]``: `trm solve` where
            the task ships no weights and none are named. For tasks that learn each puzzle from scratch.
        evaluate_untrained: ``"module:function"``, ``(trm.evaluation.UntrainedRequest) -> dict[str, float]``: the same for
            `trm evaluate`.
        refine_untrained: ``"module:function"``, ``(trm.evaluation.UntrainedRequest) -> Iterator[trm.evaluation.Refinement]``:
            the same for `trm trace` and `trm demo`.
        budget: whether `solve` and `evaluate` learn at test time, within the request's `budget`. Other tasks refuse `--budget`.
        sample: task settings with which the conformance kit (`trm.testing`) builds a dataset within a second.
        symmetry_class: ``"module:function"``, ``(inputs [N, L], labels [N, L], config) -> keys [N]``: the same key for
            puzzles that are symmetric images of each other. The kit uses it to check that the splits are disjoint.
            Default: the kit compares random images, which finds overlaps only if there are few symmetries.
        expected_failures: checks of the kit that the task cannot pass, each with the reason.
        api: the contract version that the spec was written for.
    """

    name: str
    summary: str
    config: Reference
    describe: Reference
    dataset: str | DatasetSpec
    augmentation: str | AugmentationSpec | None = None
    metrics: tuple[str | MetricSpec, ...] = ()
    renderer: str | RendererSpec | None = None
    datasets: tuple[DatasetSpec, ...] = ()
    augmentations: tuple[AugmentationSpec, ...] = ()
    renderers: tuple[RendererSpec, ...] = ()
    presets: tuple[PresetSpec, ...] = ()
    parse: Reference | None = None
    read: Reference | None = None
    fit: Reference | None = None
    format: Reference | None = None
    check: Reference | None = None
    solvable: Reference | None = None
    board: Reference | None = None
    evaluate: Reference | None = None
    solve: Reference | None = None
    score: Reference | None = None
    solve_untrained: Reference | None = None
    evaluate_untrained: Reference | None = None
    refine_untrained: Reference | None = None
    budget: bool = False
    sample: Mapping[str, Any] = field(default_factory=dict)
    symmetry_class: Reference | None = None
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    api: int = API_VERSION

    @property
    def reads_text(self) -> bool:
        """Whether the task can read puzzles from text."""
        return self.read is not None or self.parse is not None

    @property
    def dataset_name(self) -> str:
        """The name of the default dataset."""
        return self.dataset if isinstance(self.dataset, str) else self.dataset.name

    @property
    def augmentation_name(self) -> str | None:
        """The name of the default augmentation; None if there is none."""
        return self.augmentation.name if isinstance(self.augmentation, AugmentationSpec) else self.augmentation

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of the reported metrics, without the built-in ones."""
        return tuple(metric if isinstance(metric, str) else metric.name for metric in self.metrics)

    @property
    def renderer_name(self) -> str | None:
        """The name of the default renderer; None for the built-in one."""
        return self.renderer.name if isinstance(self.renderer, RendererSpec) else self.renderer

    def parts(self) -> Iterator[TaskPart]:
        """The specs that this spec contains, with the task's name filled in.

        Raises:
            PluginError: one of them names another task.
        """
        defaults = (self.dataset, self.augmentation, *self.metrics, self.renderer)
        for part in (*defaults, *self.datasets, *self.augmentations, *self.renderers):
            if isinstance(part, str) or part is None:
                continue
            if part.task not in ("", self.name):
                raise PluginError(
                    f"TaskSpec {self.name!r} contains {type(part).__name__} {part.name!r} of task {part.task!r}. "
                    "Remove its task."
                )
            yield replace(part, task=self.name)


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """A device to compute on.

    Attributes:
        name: the value for `--device`.
        summary: one line.
        factory: ``"module:Class"``, called without arguments; see `trm.Backend`.
        priority: `--device auto` chooses the available backend with the highest priority.
        api: the contract version that the spec was written for.
    """

    name: str
    summary: str
    factory: Reference
    priority: int = 0
    api: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class MixerSpec:
    """A way for positions to exchange information: a module inside each layer, chosen by `TRMConfig.mixing`.

    Attributes:
        name: the value of `model.mixing`.
        summary: one line.
        factory: ``"module:Class"``, called as ``(config)`` with a `trm.TRMConfig`, or as ``(config, options)`` if the
            spec has options; see `trm.Mixer`.
        options: ``"module:Class"`` of its settings, a pydantic model with ``extra="forbid"``. It validates
            `TRMConfig.mixing_options`, so `--set model.mixing_options.NAME=VALUE` sets a field. Default: no settings.
        check: ``"module:function"``, ``(config) -> None``: raises ValueError, with a sentence for the user, if the mixer
            cannot be built for a configuration.
        rotary: the mixer receives the tables of rotary positions, which makes `positions` "rope" and "rope2d" possible
            and "rope" the default.
        any_length: the mixer works without knowing the number of positions (`context_length` 0).
        structured: the mixer reads the task's `structure`, whose relations and grid must then fit `context_length`.
        resizable: no weight depends on the number of positions or tokens, so that trained weights can be used for
            puzzles of other sizes.
        per_symbol: if the task has interchangeable tokens, the state has one vector per position and such token,
            ``[B, L, S, D]``. Not possible with prefix tokens or `over_positions`.
        over_positions: the layer transposes the state, so that the mixer receives ``[B, D, P+L]`` and the norm after it
            runs over positions.
        per_puzzle: the mixer uses the structure that each puzzle has of its own. Where a task has such, the layer passes a
            `trm.model.links.Links` as the last argument.
        mean_halting: the halting logits are read from the mean over all positions. Default: from the first position,
            as in the paper, unless puzzles have a structure of their own.
        api: the contract version it was written for.
    """

    name: str
    summary: str
    factory: Reference
    options: Reference | None = None
    check: Reference | None = None
    rotary: bool = False
    any_length: bool = False
    structured: bool = False
    resizable: bool = False
    per_symbol: bool = False
    over_positions: bool = False
    mean_halting: bool = False
    per_puzzle: bool = False
    api: int = API_VERSION


AnySpec = TaskSpec | TaskPart | BackendSpec | MixerSpec
