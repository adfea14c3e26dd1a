"""Registers the ARC-AGI task of `trm`.

Every `trm` command imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, RendererSpec, TaskSpec
from trm_tasks_arc.presets import PRESETS

__version__ = "0.1.0"

ARC = TaskSpec(
    name="arc",
    summary="ARC-AGI-1 and 2: transform grids by a rule that a few examples show",
    config="trm_tasks_arc.config:ArcConfig",
    describe="trm_tasks_arc.config:describe",
    board="trm_tasks_arc.board:board",
    dataset=DatasetSpec(
        name="variants",
        summary="the pairs of each task and its variants, generated on access",
        build="trm_tasks_arc.datasets:build",
        reads=(
            "training",
            "evaluation",
            "tasks",
            "subset",
            "leaks",
            "variants",
            "transforms",
            "recolour",
            "translate",
        ),
    ),
    renderer=RendererSpec(
        name="grids",
        summary="input, target and prediction side by side, in the standard colours with digits",
        factory="trm_tasks_arc.renderer:GridRenderer",
    ),
    presets=PRESETS,
    evaluate="trm_tasks_arc.testtime:evaluate",
    solve="trm_tasks_arc.solve:solve",
    score="trm_tasks_arc.submissions:score",
    solve_untrained="trm_tasks_arc.untrained:solve",
    evaluate_untrained="trm_tasks_arc.untrained:evaluate",
    refine_untrained="trm_tasks_arc.watching:refinements",
    budget=True,
    sample={"training": (), "evaluation": ("arcagi1:training",), "subset": "easy", "side": 8, "variants": 3},
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [ARC]
