"""Registers the maze task of `trm`.

Every `trm` command imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_maze.presets import PRESETS

__version__ = "0.1.0"

GENERATOR = tuple(
    f"trm_tasks_maze.{module}"
    for module in ("generated", "generator", "grid", "labels", "search", "splits", "symmetry")
)
"""The modules that determine generated mazes."""

MAZE = TaskSpec(
    name="maze",
    summary="shortest paths through mazes of 5x5 to 80x80 cells",
    config="trm_tasks_maze.config:MazeConfig",
    describe="trm_tasks_maze.config:describe",
    dataset=DatasetSpec(
        name="generated",
        summary="random mazes, labelled like Maze-Hard",
        build="trm_tasks_maze.generated:build_generated",
        cache=True,
        reads=("min_size", "min_walls", "max_walls", "min_path", "train_puzzles", "test_puzzles"),
        counts={"train": "train_puzzles", "test": "test_puzzles"},
        sources=GENERATOR,
        shipped=("trm_tasks_maze:test_sets/hard.npz.xz",),
    ),
    datasets=(
        DatasetSpec(
            name="maze-hard",
            summary="Maze-Hard, 1,000 + 1,000 mazes of 30x30, from Hugging Face or task.csv",
            build="trm_tasks_maze.datasets:build_maze_hard",
            reads=("csv",),
        ),
    ),
    augmentation=AugmentationSpec(
        name="dihedral",
        summary="rotated and mirrored mazes with recomputed labels",
        factory="trm_tasks_maze.augmentation:Dihedral",
    ),
    metrics=(
        MetricSpec(
            name="valid_shortest",
            summary="fraction of answers that are one path of minimal length",
            factory="trm_tasks_maze.metrics:ValidShortest",
        ),
    ),
    renderer=RendererSpec(
        name="blocks",
        summary="walls, path, start and goal as characters or half blocks, with wrong and missed cells marked",
        factory="trm_tasks_maze.renderer:BlockRenderer",
    ),
    presets=PRESETS,
    read="trm_tasks_maze.reading:read",
    fit="trm_tasks_maze.reading:fit",
    board="trm_tasks_maze.board:board",
    format="trm_tasks_maze.answers:format_tokens",
    check="trm_tasks_maze.answers:check",
    solvable="trm_tasks_maze.answers:solvable",
    sample={"train_puzzles": 400, "test_puzzles": 64},
    symmetry_class="trm_tasks_maze.datasets:symmetry_class",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [MAZE]
