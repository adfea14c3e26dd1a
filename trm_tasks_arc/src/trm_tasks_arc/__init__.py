"""ARC-AGI for `trm`: what the plugin registers. Nothing heavy is imported here."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, RendererSpec, TaskSpec
from trm_tasks_arc.presets import PRESETS

__version__ = "0.1.0"


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name="arc",
            summary="ARC-AGI-1 and 2: grids transformed by a rule that a few pairs show",
            config="trm_tasks_arc.config:ArcConfig",
            describe="trm_tasks_arc.config:describe",
            dataset="variants",
            renderer="grids",
            presets=PRESETS,
            evaluate="trm_tasks_arc.evaluation:evaluate",
            solve="trm_tasks_arc.solve:solve",
            sample={"training": (), "evaluation": ("arcagi1:training",), "subset": "easy", "side": 8, "variants": 3},
        )
    ]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="variants",
            task="arc",
            summary="the pairs of each task and of its variants, made while they are read",
            build="trm_tasks_arc.datasets:build",
        )
    ]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [
        RendererSpec(
            name="grids",
            task="arc",
            summary="input, target and prediction side by side, in the standard colours and as digits",
            factory="trm_tasks_arc.renderer:GridRenderer",
        )
    ]
