"""Mazes for `trm`: what the plugin registers. Nothing heavy is imported here."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm_tasks_maze.presets import PRESETS

__version__ = "0.1.0"


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [
        TaskSpec(
            name="maze",
            summary="the shortest path through mazes of 5x5 to 80x80 cells",
            config="trm_tasks_maze.config:MazeConfig",
            describe="trm_tasks_maze.config:describe",
            dataset="generated",
            augmentation="dihedral",
            metrics=("valid_shortest",),
            renderer="blocks",
            presets=PRESETS,
            parse="trm_tasks_maze.answers:parse",
            fit="trm_tasks_maze.answers:fit",
            format="trm_tasks_maze.answers:format_tokens",
            check="trm_tasks_maze.answers:check",
            solvable="trm_tasks_maze.answers:solvable",
            sample={"train_puzzles": 400, "test_puzzles": 64},
            symmetry_class="trm_tasks_maze.datasets:symmetry_class",
        )
    ]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="generated",
            task="maze",
            summary="random mazes, labelled as Maze-Hard is",
            build="trm_tasks_maze.datasets:build_generated",
            cache=True,
        ),
        DatasetSpec(
            name="maze-hard",
            task="maze",
            summary="Maze-Hard, 1,000 + 1,000 mazes of 30x30, from Hugging Face or task.csv",
            build="trm_tasks_maze.datasets:build_maze_hard",
        ),
    ]


@hookimpl
def trm_register_augmentations() -> list[AugmentationSpec]:
    return [
        AugmentationSpec(
            name="dihedral",
            task="maze",
            summary="turned and mirrored, and solved again",
            factory="trm_tasks_maze.augmentation:Dihedral",
        )
    ]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            name="valid_shortest",
            task="maze",
            summary="share of the answers that are one path of the least length, whichever it is",
            factory="trm_tasks_maze.metrics:ValidShortest",
        )
    ]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [
        RendererSpec(
            name="blocks",
            task="maze",
            summary="walls, path, start and goal as characters or half blocks; wrong and missed cells apart",
            factory="trm_tasks_maze.renderer:BlockRenderer",
        )
    ]
