"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_my_task.task:"
MODEL = {"mixing": "relational", "hidden_dim": 32, "mlp_multiple_of": 32, "n_recursions": 2, "n_supervision": 2}
TRAINING = {"batch_size": 32, "max_steps": 150, "learning_rate": 4e-3, "ema_decay": 0.98}
QUICK = PresetSpec(name="quick", summary="6x6 in four colours", model=MODEL, training=TRAINING)


@hookimpl
def trm_register_tasks():
    task = TaskSpec(
        name="my-task",
        summary="restore a picture from a quarter of its cells",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset=DatasetSpec(
            name="random", summary="random pictures", build=CODE + "build", reads=("train_puzzles", "test_puzzles")
        ),
        augmentation=AugmentationSpec(name="turn", summary="half a turn", factory=CODE + "Turn"),
        metrics=(MetricSpec(name="symmetric", summary="symmetric answers", factory=CODE + "Symmetric"),),
        renderer=RendererSpec(name="picture", summary="one letter per cell", factory=CODE + "Picture"),
        presets=(QUICK,),
    )
    return [task]
