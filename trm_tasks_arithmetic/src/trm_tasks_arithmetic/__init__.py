"""Arithmetic for `trm`: addition, subtraction and multiplication of numbers written as digits."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_arithmetic.presets import PRESETS

__version__ = "0.1.0"

TASK = "arithmetic"


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name=TASK,
            summary="addition, subtraction, multiplication of numbers of 1 to 32 digits",
            config="trm_tasks_arithmetic.config:ArithmeticConfig",
            describe="trm_tasks_arithmetic.sheet:describe",
            dataset="uniform",
            augmentation="exchange",
            metrics=("digit_accuracy",),
            renderer="columns",
            presets=PRESETS,
            parse="trm_tasks_arithmetic.text:parse",
            format="trm_tasks_arithmetic.text:format",
            check="trm_tasks_arithmetic.text:check",
            sample={"train_examples": 300, "test_examples": 100},
            symmetry_class="trm_tasks_arithmetic.splits:symmetry_class",
        )
    ]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="uniform",
            task=TASK,
            summary="operands of uniformly random digits; no pair of operands is in both splits",
            build="trm_tasks_arithmetic.dataset:build",
        )
    ]


@hookimpl
def trm_register_augmentations() -> list[AugmentationSpec]:
    return [
        AugmentationSpec(
            name="exchange",
            task=TASK,
            summary="the operands of every other problem exchanged",
            factory="trm_tasks_arithmetic.symmetry:Exchange",
        )
    ]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            name="digit_accuracy",
            task=TASK,
            summary="share of the answers' digits that are right",
            factory="trm_tasks_arithmetic.metrics:DigitAccuracy",
        )
    ]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [
        RendererSpec(
            name="columns",
            task=TASK,
            summary="as worked on paper, the places below each other",
            factory="trm_tasks_arithmetic.renderer:ColumnRenderer",
        )
    ]
