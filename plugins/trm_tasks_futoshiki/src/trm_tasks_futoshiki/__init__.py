"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.presets import RELATIONAL_MODEL, RELATIONAL_TRAINING
from trm.specs import DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_futoshiki."
QUICK = PresetSpec(
    name="quick",
    summary="5x5",
    model={**RELATIONAL_MODEL, "halt_loss_weight": 0.1},
    training={**RELATIONAL_TRAINING, "max_steps": 2000, "eval_interval": 250},
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="futoshiki",
        summary="Latin squares with signs between cells",
        config=CODE + "task:Config",
        describe=CODE + "task:describe",
        dataset=DatasetSpec(
            name="random",
            summary="random squares, clues removed down to one solution",
            build=CODE + "task:build",
            cache=True,
            reads=("smallest", "extra", "train_puzzles", "test_puzzles"),
            counts={"train": "train_puzzles", "validation": "test_puzzles", "test": "test_puzzles"},
            splits=("train", "validation", "test"),
        ),
        metrics=(
            MetricSpec(name="valid", summary="fraction of answers that break no rule", factory=CODE + "rules:Valid"),
        ),
        renderer=RendererSpec(name="signs", summary="the grid with its signs", factory=CODE + "renderer:SignsRenderer"),
        presets=(QUICK,),
        parse=CODE + "text:parse",
        fit=CODE + "text:fit",
        format=CODE + "text:format_tokens",
        check=CODE + "rules:check",
        solvable=CODE + "rules:solvable",
        symmetry_class=CODE + "task:symmetry_class",
        sample={"train_puzzles": 200, "test_puzzles": 100},
    )
    return [task]
