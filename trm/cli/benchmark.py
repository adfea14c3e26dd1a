"""`trm doctor --benchmark`: what this machine does, and how long presets take here."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from trm import __version__
from trm.cli.common import registry_with_warnings
from trm.cli.output import echo, print_json
from trm.cli.sheet import Column, fitted
from trm.errors import UsageError
from trm.plugins.registry import get_registry
from trm.progress import progress, rate_text, rough_duration
from trm.words import counted

if TYPE_CHECKING:
    from trm.experiment.speed.machine import MachineSpeed, PresetTime

ALWAYS = 3
"""Most presets that are measured without being asked for."""

UNKNOWN_STEPS = 1000
"""The steps whose time is shown where the number of steps is not known."""


def run_benchmark(device: str, presets: Sequence[str], as_json: bool) -> None:
    """Measure the machine and print a report.

    Args:
        device: a device name.
        presets: presets to measure as well, as "TASK:PRESET".
        as_json: whether to print JSON.

    Raises:
        UsageError: there is no such device or preset, or no task is installed.
    """
    registry = registry_with_warnings()
    tasks = {name: registry.task(name) for name in registry.tasks()}
    every = [(task, preset.name) for task, spec in tasks.items() for preset in spec.presets]
    if not every:
        raise UsageError("No installed task has a preset to measure. `trm list-tasks` lists the tasks.")
    chosen = [(task, preset.name) for task, spec in tasks.items() for preset in spec.presets if preset.benchmark]
    chosen = chosen or [(task, spec.presets[0].name) for task, spec in tasks.items() if spec.presets]
    asked = [_named(text) for text in presets]
    with progress("Loading torch"):
        import torch

        from trm.devices import get_backend
        from trm.experiment.speed.machine import measure_machine

    speed = measure_machine(get_backend(device), [*chosen[:ALWAYS], *asked], every)
    if as_json:
        versions = {"trm": __version__, "python": platform.python_version(), "torch": torch.__version__}
        print_json({**versions, **speed.as_json()})
        return
    echo(f"trm {__version__}, torch {torch.__version__}, on {speed.device}")
    _print(speed)


def _named(text: str) -> tuple[str, str]:
    from trm.config.overrides import find_preset

    task, colon, preset = text.partition(":")
    if not colon:
        raise UsageError(f"--preset {text}: expected TASK:PRESET. `trm list-tasks -v` lists the presets.")
    return task, find_preset(get_registry().task(task), preset).name


def _print(speed: MachineSpeed) -> None:
    names = list(speed.matrix)
    _print_sheet(
        "Matrix products, in GFLOP/s",
        [Column("type", names), *_rates([{n: f / 1e9 for n, f in speed.matrix[name].items()} for name in names])],
    )
    _print_sheet(
        "Training, in samples x supervision steps per second",
        [
            Column("preset", [preset.workload.name for preset in speed.presets]),
            Column("type", [preset.precision for preset in speed.presets], needed=False),
            *_rates([preset.rates for preset in speed.presets]),
            Column("best", [counted(preset.best_threads, "thread") for preset in speed.presets]),
        ],
    )
    echo("")
    for line in _advice(speed):
        echo(line)
    _print_sheet(
        "Training time of each preset here: an estimate from the preset measured that is most like it",
        [
            Column("preset", [time.preset for time in speed.times]),
            Column("steps", [f"{time.steps:,}" if time.steps else "" for time in speed.times], number=True),
            Column("time", [_time(time) for time in speed.times]),
            Column("estimated from", [time.measured_on for time in speed.times], needed=False),
        ],
    )
    echo("\nGenerating the data, scoring, and the presets that a preset starts from come on top.")
    for problem in speed.problems:
        echo(problem)


def _rates(rows: Sequence[Mapping[int, float]]) -> Iterator[Column]:
    """A column for each number of threads."""
    for count in sorted({count for row in rows for count in row}):
        cells = [rate_text(row[count]) if count in row else "" for row in rows]
        yield Column(counted(count, "thread"), cells, number=True)


def _advice(speed: MachineSpeed) -> Iterator[str]:
    """The best number of threads, in sentences."""
    by_count: dict[int, list[str]] = {}
    for preset in speed.presets:
        if len(preset.rates) > 1:
            by_count.setdefault(preset.best_threads, []).append(preset.workload.name)
    for count, names in sorted(by_count.items()):
        default = " (the default)" if count == speed.threads else ""
        yield f"Best number of threads for {', '.join(names)}: --threads {count}{default}"


def _time(estimate: PresetTime) -> str:
    after = f", after {estimate.starts_from}" if estimate.starts_from else ""
    if estimate.seconds is None:
        return f"{rough_duration(UNKNOWN_STEPS * estimate.seconds_per_step)} per {UNKNOWN_STEPS:,} steps{after}"
    return f"{rough_duration(estimate.seconds)}{after}"


def _print_sheet(heading: str, columns: Sequence[Column]) -> None:
    from trm.render.console import Console

    console = Console(highlight=False)
    echo(f"\n{heading}:")
    for part in fitted(columns, console.width):
        console.print(part)
