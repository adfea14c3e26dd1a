"""Registers the task. Every `trm` command imports this file, so it imports nothing heavy."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "trm_tasks_sat.task:"
COUNTS = {"train": "train_puzzles", "validation": "validation_puzzles", "test": "test_puzzles"}
READS = ("fewest_variables", "ratio", "least_ratio", *COUNTS.values())
MODEL = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_multiple_of": 32,
    "n_recursions": 4,
    "T_steps": 2,
    "n_supervision": 8,
    "loss": "softmax",
}
TRAINING = {"batch_size": 32, "max_steps": 2400, "learning_rate": 4e-3, "ema_decay": 0.99}
QUICK = PresetSpec(
    name="quick",
    summary="5 to 15 variables",
    model=MODEL,
    training=TRAINING,
    cost="7.3 min of CPU time on one core",
    reaches="95.2 % satisfied at 16 steps, 1,000 unseen formulas",
)


@hookimpl
def trm_register_tasks() -> list[TaskSpec]:
    unique = DatasetSpec(
        name="unique",
        summary="random formulas with one solution, some literals given",
        build=CODE + "build",
        cache=True,
        reads=READS,
        counts=COUNTS,
        splits=tuple(COUNTS),
    )
    threshold = DatasetSpec(
        name="threshold",
        summary="satisfiable random formulas of 4.26 clauses per variable",
        build=CODE + "build_threshold",
        cache=True,
        reads=("fewest_variables", *COUNTS.values()),
        counts=COUNTS,
        splits=tuple(COUNTS),
    )
    task = TaskSpec(
        name="sat",
        summary="values that satisfy a 3-SAT formula",
        config=CODE + "Config",
        describe=CODE + "describe",
        dataset=unique,
        datasets=(threshold,),
        metrics=(MetricSpec(name="satisfied", summary="formulas satisfied by the answer", factory=CODE + "Satisfied"),),
        renderer=RendererSpec(name="clauses", summary="clauses and values", factory="trm_tasks_sat.render:Clauses"),
        presets=(QUICK,),
        parse=CODE + "parse",
        fit=CODE + "fit",
        format=CODE + "format_tokens",
        check=CODE + "check",
        solvable=CODE + "solvable",
        symmetry_class=CODE + "symmetry_class",
        sample={"train_puzzles": 200, "validation_puzzles": 50, "test_puzzles": 100},
    )
    return [task]
