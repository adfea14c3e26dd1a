"""Lights Out for `trm`. Every `trm` command loads this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

TASK = "lights-out"
CODE = "trm_tasks_lights_out.task:"
MODEL = {
    "mixing": "relational",
    "hidden_dim": 64,
    "mlp_multiple_of": 32,
    "n_recursions": 3,
    "T_steps": 2,
    "n_supervision": 4,
    "loss": "softmax",
}
TRAINING = {"batch_size": 64, "max_steps": 2000, "learning_rate": 4e-3, "ema_decay": 0.99}
EASY = PresetSpec(
    name="easy",
    summary="5x5, at most 5 presses",
    task={"presses": 5},
    model=MODEL,
    training=TRAINING,
    cost="2,000 steps, 5 min on a core of a busy 2-core machine",
    reaches="97.4 % exact on 1,000 unseen boards",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name=TASK,
        summary="the fewest buttons that turn all lights of a board off",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset="random",
        augmentation="turn",
        metrics=("solved",),
        renderer="board",
        presets=(EASY,),
        parse=CODE + "parse",
        format=CODE + "format_tokens",
        check=CODE + "check",
        solvable=CODE + "solvable",
        sample={"train_puzzles": 500, "test_puzzles": 200},
        symmetry_class=CODE + "symmetry_class",
    )
    return [task]


@hookimpl
def trm_register_datasets() -> list[DatasetSpec]:
    return [DatasetSpec(name="random", task=TASK, summary="boards made by pressing buttons", build=CODE + "build")]


@hookimpl
def trm_register_augmentations() -> list[AugmentationSpec]:
    return [AugmentationSpec(name="turn", task=TASK, summary="turned and mirrored boards", factory=CODE + "Turn")]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [MetricSpec(name="solved", task=TASK, summary="answers that turn all lights off", factory=CODE + "Solved")]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [RendererSpec(name="board", task=TASK, summary="lights and the buttons to press", factory=CODE + "Board")]
