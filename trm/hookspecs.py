"""The hooks of `trm`.

A plugin is a distribution with an entry point in the group `trm`::

    [project.entry-points.trm]
    sudoku = "trm_tasks_sudoku"

The module that the entry point names implements any of the hooks below and marks them with `hookimpl`::

    from trm.hookspecs import hookimpl
    from trm.specs import TaskSpec

    @hookimpl
    def trm_register_tasks():
        return [TaskSpec(name="sudoku", ...)]

Each hook returns a list, and `trm` joins the lists of all plugins. Every command imports the module, so it should import
only `trm.specs`, `trm.hookspecs`, `trm.presets` and the standard library. Specs refer to the heavy parts by
``"package.module:attribute"``, and `trm` imports these when it needs them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from trm.specs import AugmentationSpec, BackendSpec, DatasetSpec, MetricSpec, MixerSpec, RendererSpec, TaskSpec

hookspec = pluggy.HookspecMarker("trm")
hookimpl = pluggy.HookimplMarker("trm")


@hookspec
def trm_register_tasks() -> Sequence[TaskSpec]:
    """Register tasks.

    A task is a kind of puzzle: its settings, its default dataset, augmentation, metrics and renderer, its presets, and
    functions that read a puzzle from text and check an answer. A `TaskSpec` can contain the specs of its own parts. If two
    plugins register the same name, using that name is an error that names both distributions.
    """
    raise NotImplementedError


@hookspec
def trm_register_datasets() -> Sequence[DatasetSpec]:
    """Register datasets: sources of puzzles that are generated, downloaded, or read from a path.

    The function `build(config, split, seed)` of a dataset returns a `trm.data.PuzzleSet`. A task can contain its own
    datasets; use this hook to add a dataset to the task of another plugin.
    """
    raise NotImplementedError


@hookspec
def trm_register_augmentations() -> Sequence[AugmentationSpec]:
    """Register augmentations: random symmetries of a task, each with its inverse.

    Training applies them to puzzles as it reads them. Evaluation uses them for symmetry votes: it solves several
    transformed copies of a puzzle and transforms each answer back before counting it. A task can contain its own
    augmentations; use this hook to add one to the task of another plugin.
    """
    raise NotImplementedError


@hookspec
def trm_register_metrics() -> Sequence[MetricSpec]:
    """Register metrics: scores over predictions, for one task or, with the task ``"*"``, for all.

    A metric counts over batches, and two metrics of a kind can be merged, because several processes may each evaluate a
    part of the test set. A task reports its own metrics. A metric that is added through this hook is reported on request:
    `trm evaluate --metric NAME`. The built-in `cell_accuracy` and `exact_accuracy` cannot be replaced.
    """
    raise NotImplementedError


@hookspec
def trm_register_renderers() -> Sequence[RendererSpec]:
    """Register renderers: ways to show a puzzle and an answer, for one task or, with the task ``"*"``, for all.

    A renderer turns a puzzle, optionally with a prediction and a target, into a Rich renderable. `trm` builds live views,
    web pages and images from it.
    """
    raise NotImplementedError


@hookspec
def trm_register_mixers() -> Sequence[MixerSpec]:
    """Ways for positions to exchange information inside a layer, chosen by `--set model.mixing=NAME`.

    A mixer is a `torch.nn.Module` that keeps the shape of the state; see `trm.Mixer`. The built-in ones (attention, mlp,
    relational) are registered through this hook too.
    """
    raise NotImplementedError


@hookspec
def trm_register_backends() -> Sequence[BackendSpec]:
    """Register backends: devices to compute on.

    A backend reports whether its device is available, provides the `torch.device`, and chooses the precision that the
    hardware supports. The built-in ones (cpu, cuda, mps) are registered through this hook, too.
    """
    raise NotImplementedError
