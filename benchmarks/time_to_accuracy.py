"""Benchmark: exact accuracy on unseen puzzles against seconds of training, for several recipes.

    python benchmarks/time_to_accuracy.py sudoku [--recipe NAME:PRESET[,section.field=value]...]...
        [--minutes M] [--seeds N] [--every S] [--puzzles N] [--output FOLDER]

The first recipe is the baseline. All recipes train on the same data (the `task.*` settings of the
preset given by `--data`) and are scored on the same unseen puzzles. A seed determines data and
weights. For each seed the recipes run one after the other, each until its time is used up or its
schedule ends. Seconds count training only, not scoring. The command prints a table and writes
FOLDER/results.json and, if matplotlib is installed, FOLDER/curves.svg.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from trm.data.sampler import GroupSampler
from trm.errors import TRMError
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.training.monitor import Monitor
from trm.training.trainer import Trainer
from trm.utils import set_seed

LEVELS = (0.1, 0.5, 0.9, 0.95, 0.98, 0.99)
NARROW = "model.hidden_dim=128,model.num_heads=4,model.puzzle_tokens=0,training.warmup_steps=100,training.stagger=true"
"""Overrides that narrow the paper's network enough to train on a CPU."""
RECIPES = (f"paper:paper,{NARROW},training.batch_size=64", "quick:quick")


@dataclass
class Recipe:
    """A named preset with overrides."""

    name: str
    preset: str
    sets: list[str]

    @classmethod
    def parse(cls, text: str) -> Recipe:
        first, *sets = text.split(",")
        name, _, preset = first.partition(":")
        return cls(name, preset or name, sets)


class Full(TRMError):
    """Raised when the time is used up. A `TRMError`, because the trainer passes these through."""


@dataclass
class Curve(Monitor):
    """Score the model after every `every` seconds of training, or every tenth of the time so far if longer.

    The scorings are thus equally dense for a recipe of seconds and one of an hour. Scoring is not counted as
    training time.
    """

    test: Any
    metrics: Any
    budget: float
    every: float
    points: list[tuple[float, float]] = field(default_factory=list)
    due: float = 0.0

    def step(self, trainer: Trainer, progress: float) -> None:
        if trainer.seconds < self.due and progress < 1:
            return
        self.due = trainer.seconds + max(self.every, trainer.seconds / 10)
        scores = trainer.evaluate(self.test, self.metrics)
        self.points.append((trainer.seconds, scores["exact_accuracy"]))
        print(f"  {trainer.seconds:7.1f} s  step {trainer.step:>6}  exact {self.points[-1][1]:.2%}", flush=True)
        if trainer.seconds >= self.budget or progress >= 1:
            raise Full


def prepared(task: str, recipe: Recipe, data: dict[str, Any], seed: int, dataset: str) -> Experiment:
    """The experiment of one recipe and seed.

    Raises:
        TRMError: the task, preset or a setting does not exist.
    """
    sets = [*(f"task.{name}={_text(value)}" for name, value in data.items()), *recipe.sets]
    return Experiment.from_preset(task, recipe.preset, sets, seed=seed, dataset=dataset)


def train(
    task: str, recipe: Recipe, data: dict[str, Any], seed: int, options: argparse.Namespace
) -> list[tuple[float, float]]:
    """Train one recipe with one seed and return its accuracy curve."""
    experiment = prepared(task, recipe, data, seed, options.dataset)
    assert experiment.training is not None
    puzzles = experiment.puzzles("train")
    set_seed(seed)
    model = TinyRecursiveModel(experiment.model_config(puzzles))
    test = experiment.puzzles("test").head(options.puzzles)
    curve = Curve(experiment.test_batches(test), experiment.task.metrics(), options.minutes * 60, options.every)
    stream = GroupSampler(puzzles, seed, experiment.task.augmentation())
    trainer = Trainer(model, experiment.training, "cpu", monitor=curve, seed=seed)
    print(f"{recipe.name}, seed {seed}: {model.num_parameters():,} parameters", flush=True)
    with contextlib.suppress(Full):
        trainer.fit(stream, experiment.test_batches(test), experiment.task.metrics())
    return curve.points


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def bracket(points: list[tuple[float, float]], level: float) -> tuple[float, float]:
    """Seconds of the last scoring below `level`, and of the first at or above it (infinite if there is none)."""
    before = 0.0
    for at, score in points:
        if score >= level:
            return before, at
        before = at
    return before, math.inf


def ratios(baseline: list[list[tuple[float, float]]], other: list[list[tuple[float, float]]], level: float) -> str:
    """Lower bound of the baseline's time divided by the other's: median and range over the seeds.

    The bound divides the baseline's last scoring below the level by the other's first scoring at or above it.
    """
    values = []
    for slow, fast in zip(baseline, other, strict=True):
        reached = bracket(fast, level)[1]
        if math.isinf(reached):
            return "not reached"
        values.append(bracket(slow, level)[0] / reached)
    return f">= {statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def table(curves: dict[str, list[list[tuple[float, float]]]]) -> str:
    """Format seconds to each level and the ratio to the baseline; a dash marks a level that no seed reached."""
    (first, baseline), *others = curves.items()
    lines = []
    for level in sorted({*LEVELS, *(points[-1][1] for points in baseline)} - {0.0}):
        cells = [f"{level:>7.2%}"]
        for name, runs in curves.items():
            reached = [seconds for points in runs if math.isfinite(seconds := bracket(points, level)[1])]
            cells.append(f"{name} {statistics.median(reached):.0f} s" if reached else f"{name} -")
        cells += [f"{first}/{name} {ratios(baseline, runs, level)}" for name, runs in others]
        lines.append("   ".join(cells))
    return "\n".join(lines)


def plot(curves: dict[str, list[list[tuple[float, float]]]], path: Path) -> None:
    """Plot all curves over a logarithmic time axis, one line per seed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    for colour, (name, runs) in enumerate(curves.items()):
        for number, points in enumerate(runs):
            style = {"color": f"C{colour}", "label": name if number == 0 else None}
            axes.plot([at for at, _ in points], [score for _, score in points], marker=".", **style)
    axes.set(xlabel="seconds of training", ylabel="exact accuracy, unseen puzzles", xscale="log", ylim=(0, 1.02))
    axes.legend()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", help="name of the task")
    parser.add_argument(
        "--recipe",
        action="append",
        help=f"NAME:PRESET[,section.field=value]...; repeat for several (default: {' and '.join(RECIPES)})",
    )
    parser.add_argument("--data", default="quick", help="preset whose task settings all recipes use (default: quick)")
    parser.add_argument("--dataset", help="name of the dataset (default: that of the --data preset)")
    parser.add_argument(
        "--minutes", type=float, default=60, help="minutes of training per recipe and seed (default: 60)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, starting from 0 (default: 3)")
    parser.add_argument(
        "--every", type=float, default=30, help="least seconds of training between two scorings (default: 30)"
    )
    parser.add_argument("--puzzles", type=int, default=500, help="unseen puzzles to score (default: 500)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (default: all)")
    parser.add_argument("--output", type=Path, default=Path("time_to_accuracy"), help="folder for the results")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipes = [Recipe.parse(text) for text in options.recipe or RECIPES]
    try:
        base = Experiment.from_preset(options.task, options.data)
        options.dataset = options.dataset or base.task.dataset
        data = base.task.config.model_dump(mode="json")  # include defaults: another preset may override them
        for recipe in recipes:  # report an invalid recipe now, not an hour later
            prepared(options.task, recipe, data, 0, options.dataset)
    except TRMError as error:
        parser.error(str(error))
    curves: dict[str, list[list[tuple[float, float]]]] = {recipe.name: [] for recipe in recipes}
    options.output.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for recipe in recipes:
            curves[recipe.name].append(train(options.task, recipe, data, seed, options))
            # Write after every run, so an interrupted benchmark keeps its results.
            report = {"task": options.task, "data": data, "recipes": options.recipe or RECIPES, "curves": curves}
            (options.output / "results.json").write_text(json.dumps(report, indent=2))
    print(table(curves))
    plot(curves, options.output / "curves.svg")


if __name__ == "__main__":
    main()
