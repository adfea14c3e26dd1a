"""Arithmetic for `trm`: addition, subtraction and multiplication of numbers written as digits."""

from __future__ import annotations

from typing import Any

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

__version__ = "0.1.0"

TASK = "arithmetic"

MODEL: dict[str, Any] = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_ratio": 3.0,
    "mlp_multiple_of": 32,
    "n_recursions": 2,
    "T_steps": 2,
    "n_supervision": 4,
    "loss": "softmax",
}
TRAINING: dict[str, Any] = {
    "batch_size": 64,
    "max_steps": 3000,
    "optimizer": "adamw",
    "learning_rate": 2e-3,
    "warmup_steps": 50,
    "schedule": "cosine",
    "ema_decay": 0.99,
    "eval_batch_size": 500,
}

PRESETS = (
    PresetSpec(
        name="addition",
        summary="sums of three-digit numbers",
        model=MODEL,
        training=TRAINING,
    ),
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name=TASK,
            summary="addition, subtraction or multiplication of numbers of any length",
            config="trm_tasks_arithmetic.config:ArithmeticConfig",
            describe="trm_tasks_arithmetic.sheet:describe",
            dataset="uniform",
            metrics=("digit_accuracy",),
            renderer="columns",
            presets=PRESETS,
            parse="trm_tasks_arithmetic.text:parse",
            format="trm_tasks_arithmetic.text:format",
            check="trm_tasks_arithmetic.text:check",
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
