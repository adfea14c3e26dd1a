"""Registers the arithmetic task of `trm`.

Every `trm` command imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_arithmetic.presets import PRESETS

__version__ = "0.1.0"

ARITHMETIC = TaskSpec(
    name="arithmetic",
    summary="addition, subtraction and multiplication of numbers of 1 to 32 digits",
    config="trm_tasks_arithmetic.config:ArithmeticConfig",
    describe="trm_tasks_arithmetic.sheet:describe",
    dataset=DatasetSpec(
        name="uniform",
        summary="uniformly random digits; no pair of operands occurs in both splits",
        build="trm_tasks_arithmetic.dataset:build",
        reads=("train_examples", "test_examples"),
    ),
    augmentation=AugmentationSpec(
        name="exchange",
        summary="swap the operands of half of the problems",
        factory="trm_tasks_arithmetic.symmetry:Exchange",
    ),
    metrics=(
        MetricSpec(
            name="digit_accuracy",
            summary="fraction of correct digits in the answers",
            factory="trm_tasks_arithmetic.metrics:DigitAccuracy",
        ),
    ),
    renderer=RendererSpec(
        name="columns",
        summary="column arithmetic, as on paper",
        factory="trm_tasks_arithmetic.renderer:ColumnRenderer",
    ),
    presets=PRESETS,
    read="trm_tasks_arithmetic.text:read",
    board="trm_tasks_arithmetic.board:board",
    format="trm_tasks_arithmetic.text:format",
    check="trm_tasks_arithmetic.text:check",
    sample={"train_examples": 300, "test_examples": 100},
    symmetry_class="trm_tasks_arithmetic.splits:symmetry_class",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [ARITHMETIC]
