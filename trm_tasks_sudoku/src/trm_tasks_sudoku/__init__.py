"""Sudoku for `trm`: what the plugin registers. Every `trm` command imports this module, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_sudoku.presets import PRESETS

__version__ = "0.1.0"

GENERATOR = tuple(
    f"trm_tasks_sudoku.{module}"
    for module in ("climb", "dig", "generated", "generator", "geometry", "search", "solver", "splits")
)
"""The modules that determine generated puzzles."""

SUDOKU = TaskSpec(
    name="sudoku",
    summary="Sudoku from 4x4 to 25x25 cells",
    config="trm_tasks_sudoku.config:SudokuConfig",
    describe="trm_tasks_sudoku.config:describe",
    dataset=DatasetSpec(
        name="generated",
        summary="generated puzzles with one solution, rated by a solver",
        build="trm_tasks_sudoku.generated:build_generated",
        cache=True,
        reads=("style", "clues", "min_backtracks", "train_puzzles", "test_puzzles"),
        counts={"train": "train_puzzles", "validation": "test_puzzles", "test": "test_puzzles"},
        splits=("train", "validation", "test"),
        sources=GENERATOR,
        shipped=tuple(
            f"trm_tasks_sudoku:{name}.npz.xz" for name in ("test_sets/hard", "test_sets/quick", "train_sets/quick")
        ),
    ),
    datasets=(
        DatasetSpec(
            name="extreme",
            summary="Sudoku-Extreme, from task.csv or Hugging Face",
            build="trm_tasks_sudoku.datasets:build_extreme",
            reads=("csv", "min_backtracks", "train_puzzles", "test_puzzles"),
        ),
    ),
    augmentation=AugmentationSpec(
        name="symmetries",
        summary="relabelled digits; permuted rows, bands, columns and stacks; transposition",
        factory="trm_tasks_sudoku.augmentation:Symmetries",
    ),
    metrics=(
        MetricSpec(
            name="valid",
            summary="fraction of answers that break no rule and keep the givens",
            factory="trm_tasks_sudoku.metrics:Valid",
        ),
    ),
    renderer=RendererSpec(
        name="grid",
        summary="the grid with its boxes; marks given, filled and wrong cells",
        factory="trm_tasks_sudoku.renderer:GridRenderer",
    ),
    presets=PRESETS,
    read="trm_tasks_sudoku.reading:read",
    fit="trm_tasks_sudoku.reading:fit",
    board="trm_tasks_sudoku.board:board",
    format="trm_tasks_sudoku.answers:format_tokens",
    check="trm_tasks_sudoku.answers:check",
    solvable="trm_tasks_sudoku.answers:solvable",
    sample={"train_puzzles": 300, "test_puzzles": 100},
    symmetry_class="trm_tasks_sudoku.datasets:symmetry_class",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [SUDOKU]
