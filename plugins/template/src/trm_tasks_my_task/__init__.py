"""What the plugin registers. Every `trm` command loads this file, so it imports nothing heavy."""

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
        summary="restore a picture of which a quarter is left",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset="random",
        augmentation="turn",
        metrics=("symmetric",),
        renderer="picture",
        presets=(QUICK,),
    )
    return [task]


@hookimpl
def trm_register_datasets():
    return [DatasetSpec(name="random", task="my-task", summary="random pictures", build=CODE + "build")]


@hookimpl
def trm_register_augmentations():
    return [AugmentationSpec(name="turn", task="my-task", summary="half a turn", factory=CODE + "Turn")]


@hookimpl
def trm_register_metrics():
    return [MetricSpec(name="symmetric", task="my-task", summary="symmetric answers", factory=CODE + "Symmetric")]


@hookimpl
def trm_register_renderers():
    return [RendererSpec(name="picture", task="my-task", summary="a letter a colour", factory=CODE + "Picture")]
