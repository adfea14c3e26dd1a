"""`trm demo`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import checkpoint_option, device_option, registry_with_warnings, threads_option, use_threads
from trm.cli.output import echo
from trm.cli.showcase import load_showcase, verdict
from trm.errors import TRMError, UsageError
from trm.plugins.registry import Registry
from trm.specs import TaskSpec

if TYPE_CHECKING:
    from trm.cli.showcase import Showcase
    from trm.evaluation.examples import Example
    from trm.evaluation.refine import Frame
    from trm.render.player import Player

SECONDS = 24.0
"""All puzzles together are shown in about this time, whatever the number of steps."""

STILL = 3
"""A puzzle is over once so many steps changed nothing."""


@click.command("demo")
@click.argument("task", required=False, shell_complete=complete.tasks)
@checkpoint_option
@click.option(
    "--puzzles", type=click.IntRange(min=1), default=3, show_default=True, help="How many, from easy to hard."
)
@click.option("--steps", type=click.IntRange(min=1), help="Supervision steps at most; left out, as in training.")
@click.option("--delay", type=click.FloatRange(min=0), default=0.6, show_default=True, help="Seconds a step is shown.")
@click.option("--record", type=click.Path(path_type=Path), help="Write the demo as a moving picture too: FILE.svg.")
@device_option
@threads_option
def command(
    task: str | None,
    checkpoint: str | None,
    puzzles: int,
    steps: int | None,
    delay: float,
    record: Path | None,
    device: str,
    threads: int | None,
) -> None:
    """Watch a trained model solve puzzles of TASK that it has never seen, step by step.

    Left out, TASK is the one with the most presets of those that ship weights. Cells that changed since the step before
    are in reverse video; wrong ones are marked as the task's renderer does it.
    """
    task = task or default_task(registry_with_warnings())
    use_threads(threads)
    if record is not None and record.suffix != ".svg":
        raise UsageError(f"--record {record}: the recording is an SVG, so name a file that ends in .svg.")
    from trm.render.console import Console
    from trm.render.player import Player
    from trm.render.recording import WIDTH, Recording

    console = Console(highlight=False)
    with console.status("Loading the model ..."):
        showcase = load_showcase(task, checkpoint, device, steps)
        examples = showcase.examples(puzzles)
    delay = min(delay, SECONDS / (len(examples) * (showcase.steps + 1)))
    if record is None:
        _show_all(Player(console, delay), showcase, examples)
        return
    recording = Recording(f"trm demo {task}", delay)
    # The recording is of one width whatever the terminal's, and needs no terminal at all.
    shown = sys.stdout if console.is_terminal else io.StringIO()
    wide = Console(file=shown, highlight=False, width=WIDTH, height=50, force_terminal=True)
    _show_all(Player(wide, recording=recording), showcase, examples)
    try:
        recording.write(record)
    except OSError as error:
        raise TRMError(f"{record} can't be written: {error.strerror}. Choose another --record.") from error
    echo(f"Written: {record}")


def default_task(registry: Registry) -> str:
    """Of the tasks that ship weights, the one with the most presets, the last by name of several."""
    specs = [entry.spec for entry in registry.tasks().values() if isinstance(entry.spec, TaskSpec)]
    shipping = [spec for spec in specs if any(preset.weights for preset in spec.presets)]
    if not shipping:
        raise UsageError("No installed task ships weights. Name a task, and a run of yours with --checkpoint.")
    return max(shipping, key=lambda spec: (len(spec.presets), spec.name)).name


def _show_all(player: Player, showcase: Showcase, examples: Sequence[Example]) -> None:
    from trm.evaluation.refine import refine

    for number, example in enumerate(examples, start=1):
        frames = refine(showcase.model, example.puzzle, showcase.steps, showcase.backend)
        title = f"{showcase.experiment.spec.name}, puzzle {number} of {len(examples)}"
        shown = player.play(title, showcase.stage(example.puzzle), settled(frames), showcase.steps)
        player.conclude(verdict(showcase.experiment, example.puzzle, shown))


def settled(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames up to where the answer has stood still for some steps."""
    still = 0
    for frame in frames:
        yield frame
        still = 0 if frame.changed.any() else still + 1
        if still == STILL:
            return
