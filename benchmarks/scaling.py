"""Cost of the paper's presets on several machines, on paper: from operations per example, number of steps, and rates.

    python benchmarks/scaling.py [--measured FOLDER/gpu.json] [--check]

Rewrites the tables of docs/explanation/scaling.md. Operations are counted on torch's meta device, which computes nothing.
With --measured, prints instead how long each preset takes at the rates that `benchmarks/gpu.py` measured. With --check,
writes nothing and exits with 1 if the page is out of date.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from throughput import model_config
from torch.utils.flop_counter import FlopCounterMode

from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel, step_loss
from trm.plugins.registry import get_registry

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "scaling.md"
PART = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
HOUR = 3600.0

PRESETS = ("sudoku:paper", "sudoku:paper-attention", "maze:paper", "arc:paper-1", "arc:paper-2")
PUZZLES = {"sudoku": 1000, "maze": 1000}
"""Training puzzles of Sudoku-Extreme as the paper uses it, and of Maze-Hard."""

MEASURED_GFLOPS = {"core, fp32": 2.3 * 42.7, "core, bf16": 8.1 * 42.7}
"""Rates of one core: RESULTS.md, section G, "Training throughput", row sudoku:paper: 2.3 and 8.1 examples per second."""

SHARE = 0.15
"""Assumed share of a GPU's published peak that training reaches."""
PARALLEL = 0.9
"""Assumed efficiency of several GPUs."""


@dataclass(frozen=True)
class Machine:
    """One or several GPUs.

    Attributes:
        name: for the table.
        peak: published dense bf16 rate of one GPU with fp32 sums, in TFLOP/s.
        count: number of GPUs.
    """

    name: str
    peak: float
    count: int = 1

    @property
    def rate(self) -> float:
        """Assumed operations per second."""
        return self.peak * 1e12 * SHARE * self.count * (PARALLEL if self.count > 1 else 1)


MACHINES = (
    Machine("RTX 4090", 165),
    Machine("H100", 989),
    Machine("4 H100", 989, 4),
    Machine("8 H100", 989, 8),
)
L40S = 362.0
PAPER = {
    "sudoku:paper": (Machine("L40S", L40S), 36),
    "sudoku:paper-attention": (Machine("L40S", L40S), 36),
    "maze:paper": (Machine("4 L40S", L40S, 4), 24),
    "arc:paper-1": (Machine("4 H100", 989, 4), 72),
    "arc:paper-2": (Machine("4 H100", 989, 4), 72),
}
"""The machines and hours that the paper reports."""


@dataclass(frozen=True)
class Work:
    """What the training of a preset takes.

    Attributes:
        preset: its name.
        parameters: of the network.
        per_example: operations per example and supervision step, with gradients and without the update.
        examples: per epoch.
        steps: optimizer steps.
        batch_size: examples per step.
    """

    preset: str
    parameters: int
    per_example: float
    examples: int
    steps: int
    batch_size: int

    @property
    def total(self) -> float:
        """Operations of the whole training, without evaluation."""
        return self.per_example * self.steps * self.batch_size


def work(preset: str) -> Work:
    """Count the operations of a preset."""
    task, _, name = preset.partition(":")
    experiment = Experiment.from_preset(task, name)
    training, config = experiment.training, model_config(experiment)
    assert training is not None
    assert training.num_epochs is not None
    model = TinyRecursiveModel(config).to("meta")
    tokens = torch.zeros(1, config.context_length, dtype=torch.long, device="meta")
    with FlopCounterMode(display=False) as counter:
        _, output = model.supervision_step(tokens, model.initial_state(1))
        step_loss(output.logits, output.halt_logits, tokens, config.loss).total.backward()
    examples = PUZZLES.get(task) or arc_examples(experiment)
    steps = training.num_epochs * examples // training.batch_size
    operations = float(counter.get_total_flops())
    return Work(preset, model.num_parameters(), operations, examples, steps, training.batch_size)


def arc_examples(experiment: Experiment) -> int:
    """Examples of an epoch of ARC: the pairs of one variant of each task. Test pairs of evaluation tasks are not trained on."""
    from trm_tasks_arc.datasets import select

    selection = select(experiment.config)
    training = sum(len(task.train) + len(task.test) for task in selection.training.values())
    return training + sum(len(task.train) for task in selection.evaluation.values())


def time(seconds: float) -> str:
    """A time in minutes, hours, days or years, with two significant digits."""
    for unit, size in (("years", 365 * 24 * HOUR), ("days", 48 * HOUR), ("h", HOUR), ("min", 60.0)):
        if seconds >= size:
            value = seconds / (24 * HOUR if unit == "days" else size)
            return f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{seconds:.0f} s"


def operations(works: Iterable[Work]) -> Iterator[str]:
    """What each preset takes."""
    yield from _head(
        "preset", "parameters", "GFLOP per example and step", "examples per epoch", "steps", "total, EFLOP"
    )
    for each in works:
        yield (
            f"| {each.preset} | {each.parameters:,} | {each.per_example / 1e9:.1f} | {each.examples:,} | "
            f"{each.steps:,} | {each.total / 1e18:.1f} |"
        )


def times(works: Iterable[Work]) -> Iterator[str]:
    """How long each preset takes on each machine."""
    cores = (f"{name} [1]" for name in MEASURED_GFLOPS)
    yield from _head("preset", *cores, *(f"{machine.name} [2]" for machine in MACHINES), "paper [3]")
    costs = {
        f"{name}:{preset.name}": preset.cost
        for name, task in get_registry().tasks().items()
        for preset in task.spec.presets
    }
    for each in works:
        rates = [rate * 1e9 for rate in MEASURED_GFLOPS.values()] + [machine.rate for machine in MACHINES]
        computed = (time(each.total / rate) for rate in rates)
        yield f"| {' | '.join([each.preset, *computed, costs[each.preset]])} |"


def shares(works: Iterable[Work]) -> Iterator[str]:
    """The share of the peak that the paper's times imply."""
    yield from _head("preset", "the paper's machine", "its peak, TFLOP/s", "time", "share")
    for each in works:
        machine, hours = PAPER[each.preset]
        peak = machine.peak * machine.count
        share = each.total / (peak * 1e12 * hours * HOUR)
        yield f"| {each.preset} | {machine.name} | {peak:,.0f} | {hours} h | {share:.0%} |"


def measured(works: Iterable[Work], report: Path) -> Iterator[str]:
    """How long each preset takes at the rates in a report of `benchmarks/gpu.py`."""
    rows = json.loads(report.read_text(encoding="utf-8"))["steps"]
    yield from _head("preset", "way", "type", "examples / s", "time")
    for each in works:
        for row in (row for row in rows if row["preset"] == each.preset):
            rate = row["examples_per_second"]
            seconds = each.steps * each.batch_size / rate
            yield f"| {each.preset} | {row['way']} | {row['precision']} | {rate:,.0f} | {time(seconds)} |"


def _head(*titles: str) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"


TABLES = {"operations": operations, "times": times, "shares": shares}


def updated(page: str, works: Iterable[Work]) -> str:
    """The text of the page with new tables."""
    works = list(works)
    return PART.sub(lambda found: f"{found[1]}\n" + "\n".join(TABLES[found[2]](works)) + f"\n\n{found[4]}", page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", type=Path, help="gpu.json of benchmarks/gpu.py: print the times at its rates")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the page is out of date")
    options = parser.parse_args()
    works = [work(preset) for preset in PRESETS]
    if options.measured is not None:
        print("\n".join(measured(works, options.measured)))
        return
    before = PAGE.read_text(encoding="utf-8")
    after = updated(before, works)
    if options.check:
        sys.exit(0 if before == after else f"{PAGE} is out of date: run python benchmarks/scaling.py")
    PAGE.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
