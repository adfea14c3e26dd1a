"""Registers the Lights Out task of `trm`.

Every `trm` command imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

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
    cost="2,000 steps, 5 min on one core of a busy 2-core machine",
    reaches="97.4 % exact on 1,000 unseen boards",
)


LIGHTS_OUT = TaskSpec(
    name="lights-out",
    summary="turn off all lights of a board with the fewest buttons",
    config=CODE + "Config",
    describe=CODE + "describe",
    dataset=DatasetSpec(
        name="random",
        summary="boards made by pressing random buttons",
        build=CODE + "build",
        reads=("presses", "train_puzzles", "test_puzzles"),
    ),
    augmentation=AugmentationSpec(name="turn", summary="rotated and mirrored boards", factory=CODE + "Turn"),
    metrics=(
        MetricSpec(name="solved", summary="fraction of answers that turn off all lights", factory=CODE + "Solved"),
    ),
    renderer=RendererSpec(name="board", summary="the lights, and the buttons to press", factory=CODE + "Board"),
    presets=(EASY,),
    parse=CODE + "parse",
    format=CODE + "format_tokens",
    check=CODE + "check",
    solvable=CODE + "solvable",
    sample={"train_puzzles": 500, "test_puzzles": 200},
    symmetry_class=CODE + "symmetry_class",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    return [LIGHTS_OUT]
