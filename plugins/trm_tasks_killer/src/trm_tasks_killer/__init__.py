"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from typing import Any

from trm.hookspecs import hookimpl
from trm.presets import RELATIONAL_MODEL, RELATIONAL_TRAINING
from trm.specs import DatasetSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_killer."


def model(size: int, width: int) -> dict[str, Any]:
    """A network with the same weights for all digits, and a learned vector for each that tells it from the others."""
    return {
        **RELATIONAL_MODEL,
        "hidden_dim": width,
        "num_puzzles": 1,
        "puzzle_dim": size * width,
        "halt_loss_weight": 0.1,
    }


TRAINING: dict[str, Any] = {
    **RELATIONAL_TRAINING,
    "batch_size": 16,
    "optimizer": "muon",
    "muon_learning_rate": 7e-3,
    "learning_rate": 2e-3,
    "puzzle_learning_rate": 3e-3,
    "decay_start": 0.4,
}
QUICK = PresetSpec(
    name="quick",
    summary="6x6",
    model=model(6, 64),
    training={**TRAINING, "max_steps": 6000, "eval_interval": 1000, "eval_examples": 128},
    cost="10 min of CPU time on one core with bf16 support",
    reaches="99.5 and 99.6 % exact on 1,000 unseen puzzles (two seeds)",
)
MINI = PresetSpec(
    name="mini",
    summary="4x4",
    task={"size": 4, "train_puzzles": 4000},
    model=model(4, 32),
    training={**TRAINING, "max_steps": 600, "eval_interval": 300},
    cost="0.7 min of CPU time on one core with bf16 support",
    reaches="97.7 % exact on 1,000 unseen puzzles (seed 0)",
)
LARGE = PresetSpec(
    name="large",
    summary="9x9",
    task={"size": 9, "train_puzzles": 6000, "test_puzzles": 500, "extra_givens": 20},
    model=model(9, 48),
    training={**TRAINING, "max_steps": 1600, "eval_interval": 800, "eval_examples": 64, "save_interval": 200},
    cost="about 7 min of CPU time on one core with bf16 support",
    reaches="5.8 % exact on 500 unseen puzzles (seed 0)",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="killer",
        summary="Killer Sudoku, with sums of cages",
        config=CODE + "task:Config",
        describe=CODE + "task:describe",
        dataset=DatasetSpec(
            name="random",
            summary="random cages, and as few given digits as one solution needs",
            build=CODE + "dataset:build",
            cache=True,
            splits=("train", "validation", "test"),
            reads=("largest_cage", "extra_givens", "train_puzzles", "validation_puzzles", "test_puzzles"),
            counts={"train": "train_puzzles", "validation": "validation_puzzles", "test": "test_puzzles"},
            sources=tuple(CODE + name for name in ("dataset", "generator", "geometry", "search")),
        ),
        renderer=RendererSpec(
            name="cages", summary="digits in cages with their sums", factory=CODE + "board:KillerGrid"
        ),
        presets=(QUICK, LARGE, MINI),
        parse=CODE + "task:parse",
        format=CODE + "task:format_row",
        check=CODE + "task:check",
        solvable=CODE + "task:solvable",
        symmetry_class=CODE + "task:symmetry_class",
        sample={"train_puzzles": 200, "validation_puzzles": 50, "test_puzzles": 100},
    )
    return [task]
