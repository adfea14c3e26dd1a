"""Tasks of reasoning-gym for `trm`. Every `trm` command loads this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, MetricSpec, TaskSpec
from trm_tasks_reasoning_gym.catalog import TASKS

CODE = "trm_tasks_reasoning_gym.tasks:"
SAMPLE = {"train_puzzles": 24, "test_puzzles": 12}


def task_name(name: str) -> str:
    return f"reasoning-gym/{name}"


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name=task_name(name),
            summary=summary,
            config="trm_tasks_reasoning_gym.gym_task:GymConfig",
            describe=f"{CODE}{name}.describe",
            dataset="generated",
            metrics=("score",),
            presets=(preset,),
            sample=SAMPLE,
        )
        for name, (summary, preset) in TASKS.items()
    ]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="generated",
            task=task_name(name),
            summary="made by reasoning-gym",
            build=f"{CODE}{name}.build",
            cache=True,
        )
        for name in TASKS
    ]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            name="score",
            task=task_name(name),
            summary="the mean of reasoning-gym's own score",
            factory=f"{CODE}{name}.metric",
        )
        for name in TASKS
    ]
