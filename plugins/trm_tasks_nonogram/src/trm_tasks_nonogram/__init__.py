"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_nonogram.task:"
MODEL = {
    "mixing": "relational",
    "hidden_dim": 64,
    "mlp_multiple_of": 32,
    "n_recursions": 3,
    "T_steps": 2,
    "n_supervision": 8,
    "loss": "softmax",
    "halt_loss_weight": 0.1,
}
TRAINING = {
    "batch_size": 16,
    "max_steps": 1500,
    "optimizer": "muon",
    "muon_learning_rate": 5e-3,
    "learning_rate": 2e-3,
    "ema_decay": 0.995,
    "halt_when_right": 0.9,
}
QUICK = PresetSpec(
    name="quick",
    summary="5x5 to 10x10",
    model=MODEL,
    training=TRAINING,
    cost="7.7 min of CPU time on one core",
    reaches="98 % valid on 1,000 unseen puzzles",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="nonogram",
        summary="Nonograms (picross) of up to 10x10 cells",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset=DatasetSpec(
            name="random",
            summary="random pictures whose clues have one solution",
            build=CODE + "build",
            cache=True,
            reads=("smallest", "smoothed", "train_puzzles", "validation_puzzles", "test_puzzles"),
            splits=("train", "validation", "test"),
        ),
        metrics=(MetricSpec(name="valid", summary="answers that follow the rules", factory=CODE + "Valid"),),
        renderer=RendererSpec(
            name="grid", summary="the clues beside the picture", factory="trm_tasks_nonogram.grid:Grid"
        ),
        presets=(QUICK,),
        parse=CODE + "parse",
        fit=CODE + "fit",
        format=CODE + "format_tokens",
        check=CODE + "check",
        solvable=CODE + "solvable",
        symmetry_class=CODE + "symmetry_class",
        sample={"largest": 6, "train_puzzles": 200, "validation_puzzles": 50, "test_puzzles": 100},
    )
    return [task]
