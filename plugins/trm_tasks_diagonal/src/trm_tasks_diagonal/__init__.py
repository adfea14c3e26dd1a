"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_diagonal.task:"
MODEL = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_multiple_of": 32,
    "n_recursions": 3,
    "T_steps": 2,
    "n_supervision": 4,
    "loss": "softmax",
}
TRAINING = {"batch_size": 32, "max_steps": 1000, "learning_rate": 4e-3, "ema_decay": 0.99}
QUICK = PresetSpec(
    name="quick",
    summary="10 to 18 given cells",
    model=MODEL,
    training=TRAINING,
    cost="2.7 min of CPU time on one core",
    reaches="98.4 % exact on 500 unseen puzzles",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="diagonal",
        summary="Latin squares of 6x6 with diagonals",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset=DatasetSpec(
            name="random",
            summary="random squares, dug out to one solution",
            build=CODE + "build",
            reads=("givens", "spread", "train_puzzles", "test_puzzles"),
            counts={"train": "train_puzzles", "test": "test_puzzles"},
        ),
        augmentation=AugmentationSpec(
            name="rearrange", summary="rows and columns rearranged", factory=CODE + "Rearranged"
        ),
        metrics=(
            MetricSpec(name="complete_lines", summary="lines with all six digits", factory=CODE + "CompleteLines"),
        ),
        renderer=RendererSpec(name="square", summary="one digit per cell", factory=CODE + "Square"),
        presets=(QUICK,),
        parse=CODE + "parse",
        format=CODE + "format_tokens",
        board="trm_tasks_diagonal.board:board",
        check=CODE + "check",
        solvable=CODE + "solvable",
        symmetry_class=CODE + "symmetry_class",
        sample={"train_puzzles": 200, "test_puzzles": 100},
    )
    return [task]
