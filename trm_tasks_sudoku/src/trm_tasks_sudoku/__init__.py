"""Sudoku for `trm`: what the plugin registers. Nothing heavy is imported here."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_sudoku.presets import PRESETS

__version__ = "0.1.0"


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name="sudoku",
            summary="Sudoku of 4x4 to 25x25 cells",
            config="trm_tasks_sudoku.config:SudokuConfig",
            describe="trm_tasks_sudoku.config:describe",
            dataset="generated",
            augmentation="symmetries",
            metrics=("valid",),
            renderer="grid",
            presets=PRESETS,
            parse="trm_tasks_sudoku.answers:parse",
            format="trm_tasks_sudoku.answers:format_tokens",
            check="trm_tasks_sudoku.answers:check",
            solvable="trm_tasks_sudoku.answers:solvable",
            sample={"train_puzzles": 300, "test_puzzles": 100},
            symmetry_class="trm_tasks_sudoku.datasets:symmetry_class",
        )
    ]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="generated",
            task="sudoku",
            summary="generated puzzles with one solution, rated by a solver",
            build="trm_tasks_sudoku.datasets:build_generated",
            cache=True,
        ),
        DatasetSpec(
            name="extreme",
            task="sudoku",
            summary="Sudoku-Extreme, from task.csv or Hugging Face",
            build="trm_tasks_sudoku.datasets:build_extreme",
        ),
    ]


@hookimpl
def trm_register_augmentations() -> list[AugmentationSpec]:
    return [
        AugmentationSpec(
            name="symmetries",
            task="sudoku",
            summary="digits relabelled; rows, bands, columns, stacks permuted; transposed",
            factory="trm_tasks_sudoku.augmentation:Symmetries",
        )
    ]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            name="valid",
            task="sudoku",
            summary="share of the answers that break no rule and keep the givens",
            factory="trm_tasks_sudoku.metrics:Valid",
        )
    ]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [
        RendererSpec(
            name="grid",
            task="sudoku",
            summary="the grid with its boxes; givens, filled and wrong cells apart",
            factory="trm_tasks_sudoku.renderer:GridRenderer",
        )
    ]
