"""Every hook of `trm`, in prose that a plugin author can work from.

A plugin is a distribution with an entry point in the group `trm`::

    [project.entry-points.trm]
    sudoku = "trm_tasks_sudoku"

The module it names implements any of the hooks below with the marker `hookimpl`::

    from trm.hookspecs import hookimpl
    from trm.specs import TaskSpec

    @hookimpl
    def trm_register_tasks():
        return [TaskSpec(name="sudoku", ...)]

Every hook collects: each plugin returns a list, and `trm` joins the lists. The module may import `trm.specs`,
`trm.hookspecs` and the standard library, nothing heavier, because every command loads it. The heavy parts are named by
``"package.module:attribute"`` and imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from trm.specs import AugmentationSpec, BackendSpec, DatasetSpec, MetricSpec, MixerSpec, RendererSpec, TaskSpec

hookspec = pluggy.HookspecMarker("trm")
hookimpl = pluggy.HookimplMarker("trm")


@hookspec
def trm_register_tasks() -> Sequence[TaskSpec]:
    """The tasks that this plugin brings.

    A task is a kind of puzzle: its settings, its default dataset, augmentation, metrics and renderer, its presets, and
    how to read a puzzle from text and to judge an answer. Two tasks of one name are an error that names both
    distributions.
    """
    raise NotImplementedError


@hookspec
def trm_register_datasets() -> Sequence[DatasetSpec]:
    """Sources of puzzles, each for one task: generated, downloaded, or read from a path.

    A dataset's `build(config, split, seed)` returns a `trm.data.PuzzleSet`. A plugin may add a dataset to somebody
    else's task by naming that task.
    """
    raise NotImplementedError


@hookspec
def trm_register_augmentations() -> Sequence[AugmentationSpec]:
    """Random symmetries of a task, each with its inverse.

    They enlarge the training data while it is read, and at evaluation they give symmetry votes: the puzzle is solved in
    several transformed forms, and each answer is transformed back before it is counted.
    """
    raise NotImplementedError


@hookspec
def trm_register_metrics() -> Sequence[MetricSpec]:
    """Scores over predictions, for one task or, with the task ``"*"``, for all.

    A metric counts over batches and can be merged with another of its kind, which is what makes it work when several
    processes evaluate parts of one test set.
    """
    raise NotImplementedError


@hookspec
def trm_register_renderers() -> Sequence[RendererSpec]:
    """Ways to show a puzzle and an answer, for one task or, with the task ``"*"``, for all.

    A renderer turns a puzzle, optionally with a prediction and a target, into a Rich renderable. The shared code makes
    live views, pages and pictures of it.
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
    """Devices to compute on.

    A backend says whether its device is present, gives the `torch.device`, and chooses the precision by what the
    hardware can do. The built-in ones (cpu, cuda, mps) are registered through this hook too.
    """
    raise NotImplementedError
