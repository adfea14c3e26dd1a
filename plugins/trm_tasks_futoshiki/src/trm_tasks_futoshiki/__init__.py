"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.presets import RELATIONAL_MODEL, RELATIONAL_TRAINING
from trm.specs import DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_futoshiki."
MODEL = {**RELATIONAL_MODEL, "n_recursions": 4, "halt_loss_weight": 0.1}
TRAINING = {
    **RELATIONAL_TRAINING,
    "batch_size": 16,
    "optimizer": "muon",
    "muon_learning_rate": 5e-3,
    "learning_rate": 2e-3,
    "decay_start": 0.4,
    "log_interval": 250,
}
QUICK = PresetSpec(
    name="quick",
    summary="5x5",
    model=MODEL,
    training={**TRAINING, "max_steps": 3500, "eval_interval": 500},
    cost="5 min of CPU time on one core with bf16 support",
    reaches="99.4 % exact on 1,000 unseen puzzles (two seeds)",
    weights="trm_tasks_futoshiki:weights/quick.safetensors",
)
LARGE = PresetSpec(
    name="large",
    summary="9x9, after 5x5",
    task={"size": 9, "extra": 60, "train_puzzles": 4000, "test_puzzles": 500},
    model=MODEL,
    training={
        **TRAINING,
        "muon_learning_rate": 3e-3,
        "learning_rate": 1e-3,
        "decay_start": 0.2,
        "max_steps": 1000,
        "log_interval": 100,
        "eval_interval": 500,
        "eval_examples": 64,
    },
    cost="8.3 min of CPU time on one core with bf16 support, after quick",
    reaches="82.2 % exact on 500 unseen puzzles (seed 0)",
    starts_from="quick",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    task = TaskSpec(
        name="futoshiki",
        summary="Latin squares with signs between cells",
        config=CODE + "task:Config",
        describe=CODE + "task:describe",
        dataset=DatasetSpec(
            name="random",
            summary="random squares, clues removed down to one solution",
            build=CODE + "task:build",
            cache=True,
            reads=("smallest", "extra", "train_puzzles", "test_puzzles"),
            counts={"train": "train_puzzles", "validation": "test_puzzles", "test": "test_puzzles"},
            splits=("train", "validation", "test"),
        ),
        metrics=(
            MetricSpec(name="valid", summary="fraction of answers that break no rule", factory=CODE + "rules:Valid"),
        ),
        renderer=RendererSpec(name="signs", summary="the grid with its signs", factory=CODE + "renderer:SignsRenderer"),
        presets=(QUICK, LARGE),
        parse=CODE + "text:parse",
        fit=CODE + "text:fit",
        format=CODE + "text:format_tokens",
        check=CODE + "rules:check",
        solvable=CODE + "rules:solvable",
        symmetry_class=CODE + "task:symmetry_class",
        sample={"train_puzzles": 200, "test_puzzles": 100},
    )
    return [task]
