"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_colouring.task:"
SETTINGS = "trm_tasks_colouring.settings:"
TEXT = "trm_tasks_colouring.text:"
READS = ("fewest", "degree", "train_puzzles", "test_puzzles")
SOURCES = tuple(f"trm_tasks_colouring.{module}" for module in ("task", "settings", "graphs", "search"))
COUNTS = {"train": "train_puzzles", "test": "test_puzzles", "validation": "test_puzzles"}
MODEL = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_multiple_of": 32,
    "n_recursions": 4,
    "T_steps": 2,
    "n_supervision": 8,
    "loss": "softmax",
    "halt_loss_weight": 0.1,
}
TRAINING = {
    "batch_size": 32,
    "max_steps": 2000,
    "learning_rate": 4e-3,
    "ema_decay": 0.99,
    "halt_when_right": 0.9,
    "schedule": "linear",
    "decay_start": 0.4,
}
QUICK = PresetSpec(
    name="quick",
    summary="20 to 40 nodes in three colours",
    model=MODEL,
    training=TRAINING,
    cost="5 min of CPU time on one core",
    reaches="99.0 % valid on 1,000 unseen graphs of 40 nodes, 98.6 to 99.2 % on 500 of 60 nodes",
)
PLAIN = PresetSpec(
    name="plain",
    summary="the same size with only a triangle or an edge given, from weights of quick",
    dataset="plain",
    starts_from="quick",
    task={"train_puzzles": 10_000},
    model=MODEL,
    training={**TRAINING, "max_steps": 700, "learning_rate": 2e-3, "decay_start": 0.2},
    cost="4 min of CPU time on one core, after quick",
    reaches="79.8 % valid on 500 unseen plain graphs of 40 nodes in one try, 96.5 % of 200 in eight checked tries",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    extension = DatasetSpec(
        name="extension",
        summary="random graphs with as few given nodes as leave one colouring",
        build=CODE + "build",
        reads=READS,
        counts=COUNTS,
        splits=("train", "test", "validation"),
        cache=True,
        sources=SOURCES,
    )
    plain = DatasetSpec(
        name="plain",
        summary="random colourable graphs of which only a triangle or an edge is given",
        build=CODE + "build_plain",
        reads=READS,
        counts=COUNTS,
        splits=("train", "test", "validation"),
        cache=True,
        sources=SOURCES,
    )
    task = TaskSpec(
        name="colouring",
        summary="colour the nodes of a graph with three or four colours",
        config=SETTINGS + "Config",
        describe=SETTINGS + "describe",
        dataset=extension,
        datasets=(plain,),
        metrics=(MetricSpec(name="valid", summary="colourings that break no rule", factory=CODE + "Valid"),),
        renderer=RendererSpec(name="nodes", summary="the colour of each node", factory=TEXT + "Nodes"),
        presets=(QUICK, PLAIN),
        read=TEXT + "read",
        fit=TEXT + "fit",
        format=TEXT + "format_row",
        check=CODE + "check",
        solvable=CODE + "solvable",
        symmetry_class=CODE + "symmetry_class",
        sample={"nodes": 20, "fewest": 12, "train_puzzles": 300, "test_puzzles": 100},
    )
    return [task]
