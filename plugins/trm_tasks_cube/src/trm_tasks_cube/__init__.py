"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_cube.task:"
MODEL = {
    "mixing": "relational",
    "activation": "relu",
    "hidden_dim": 96,
    "mlp_ratio": 4.0,
    "mlp_multiple_of": 32,
    "n_recursions": 1,
    "T_steps": 1,
    "n_supervision": 2,
    "loss": "softmax",
}
TRAINING = {
    "batch_size": 16,
    "max_steps": 900,
    "optimizer": "muon",
    "muon_learning_rate": 0.01,
    "learning_rate": 3e-3,
    "schedule": "linear",
    "decay_start": 0.4,
    "ema_decay": 0.995,
    "log_interval": 100,
    "eval_batch_size": 64,
}


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="cube",
        summary="the 2x2x2 cube: how far from solved, and a way there",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset=DatasetSpec(
            name="random",
            summary="states within six moves of the solved cube",
            build=CODE + "build",
            reads=("train_puzzles",),
            splits=("train", "validation", "test"),
            cache=True,
        ),
        presets=(
            PresetSpec(
                name="quick",
                summary="states up to six moves away",
                model=MODEL,
                training=TRAINING,
                cost="1 min of CPU time on one core",
                reaches="98.5 % of the distances of 534 unseen states",
            ),
        ),
        renderer=RendererSpec(name="net", summary="the unfolded cube", factory="trm_tasks_cube.view:Net"),
        parse=CODE + "parse",
        format=CODE + "format_row",
        check=CODE + "check",
        solvable=CODE + "solvable",
        symmetry_class=CODE + "symmetry_class",
        evaluate="trm_tasks_cube.judge:evaluate",
        solve="trm_tasks_cube.judge:solve",
        sample={"train_puzzles": 200},
    )
    return [task]
