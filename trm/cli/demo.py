"""`trm demo`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import (
    checkpoint_option,
    device_option,
    load_torch,
    registry_with_warnings,
    task_and_weights,
    threads_option,
    use_threads,
)
from trm.cli.output import echo
from trm.cli.untrained import refinements
from trm.errors import UsageError, cannot_write
from trm.plugins.registry import Registry
from trm.progress import progress
from trm.specs import TaskSpec
from trm.words import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from trm.evaluation.examples import Example
    from trm.evaluation.refine import Frame, Puzzle
    from trm.experiment.solver import Solver
    from trm.experiment.task import Task
    from trm.render.player import Player

SECONDS = 24.0
"""Approximate time to show all puzzles together, whatever the number of steps."""

STILL = 3
"""A puzzle ends after this many steps without a change."""


@click.command("demo")
@click.argument("task", required=False, shell_complete=complete.weights)
@checkpoint_option
@click.option(
    "--puzzles", type=click.IntRange(min=1), default=3, show_default=True, help="Number of puzzles, from easy to hard."
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Maximum supervision steps (default: same as in training). For tasks that learn each puzzle from scratch: learning steps.",
)
@click.option(
    "--delay", type=click.FloatRange(min=0), default=0.6, show_default=True, help="Seconds to show each step."
)
@click.option("--record", type=click.Path(path_type=Path), help="Write the demo as an animation, too: FILE.svg.")
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
    """Watch a trained model solve puzzles of TASK that it was not trained on, step by step.

    TASK defaults to the task with the most presets among those that ship weights. Cells that changed since the previous
    step are shown in reverse video; the task's renderer marks wrong cells.
    """
    registry = registry_with_warnings()
    task, weights = task_and_weights(task or default_task(registry), checkpoint)
    use_threads(threads)
    if record is not None and record.suffix != ".svg":
        raise UsageError(f"--record {record}: the recording is an SVG file; use a name that ends in .svg.")
    load_torch()
    from trm.experiment.solver import load
    from trm.experiment.untrained import learns_untrained
    from trm.render.console import Console
    from trm.render.player import Player
    from trm.render.recording import WIDTH, Recording

    console = Console(highlight=False)
    if learns_untrained(task, weights, "refine_untrained"):
        acts, delay = _learning(task, puzzles, steps), 0.0
    else:
        with progress("Loading the model"):
            solver = load(weights, device=device, task=task)
            examples = solver.examples(puzzles, steps)
        if len(examples) < puzzles:
            echo(f"{weights} has {counted(len(examples), 'puzzle')} to show, not {puzzles:,}.", err=True)
        steps = steps or solver.steps
        delay = min(delay, SECONDS / (len(examples) * (steps + 1)))
        acts = _solving(solver, examples, steps)
    if record is None:
        _show_all(Player(console, delay), acts)
        return
    recording = Recording(f"trm demo {task}", delay)
    # The recording has a fixed width whatever the terminal's, and works without a terminal.
    shown = sys.stdout if console.is_terminal else io.StringIO()
    wide = Console(file=shown, highlight=False, width=WIDTH, height=50, force_terminal=True)
    _show_all(Player(wide, recording=recording), acts)
    try:
        recording.write(record)
    except OSError as error:
        raise cannot_write(record, error, "--record") from error
    echo(f"Written: {record}")


def default_task(registry: Registry) -> str:
    """The task with the most presets among those that ship weights; the last one by name if there are several."""
    specs = [entry.spec for entry in registry.tasks().values() if isinstance(entry.spec, TaskSpec)]
    shipping = [spec for spec in specs if any(preset.weights for preset in spec.presets)]
    if not shipping:
        raise UsageError("No installed task ships weights. Name a task, and a run of yours with --checkpoint.")
    return max(shipping, key=lambda spec: (len(spec.presets), spec.name)).name


@dataclass(frozen=True)
class Act:
    """One puzzle of the demo.

    Attributes:
        title: a line above the picture.
        task: the task, bound to the puzzle's size.
        puzzle: the puzzle.
        frames: the answers, made when they are asked for.
        steps: maximum number of steps.
        given: what is learned from, shown above. Default: nothing.
    """

    title: str
    task: Task
    puzzle: Puzzle
    frames: Iterator[Frame]
    steps: int
    given: RenderableType | None = None


def _solving(solver: Solver, examples: Sequence[Example], steps: int) -> Iterator[Act]:
    for number, example in enumerate(examples, start=1):
        frames = settled(solver.frames(example.puzzle, steps))
        title = f"{solver.task.name}, puzzle {number} of {len(examples)}"
        yield Act(title, solver.task, example.puzzle, frames, steps)


def _learning(task: str, puzzles: int, steps: int | None) -> Iterator[Act]:
    for number, (bound, refinement) in enumerate(refinements(task, [], steps, puzzles), start=1):
        title = f"{task}, puzzle {number}: {refinement.origin}"
        yield Act(title, bound, refinement.puzzle, settled(refinement.frames), refinement.steps, refinement.given)


def _show_all(player: Player, acts: Iterable[Act]) -> None:
    from trm.experiment.tracing import verdict
    from trm.render.scene import Stage

    for act in acts:
        if act.given is not None:
            player.console.print(act.given)
        shown = player.play(act.title, Stage(act.task.renderer(), act.puzzle), act.frames, act.steps)
        player.conclude(verdict(act.task, act.puzzle, shown))


def settled(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames up to where the answer has not changed for some steps."""
    still = 0
    for frame in frames:
        yield frame
        still = 0 if frame.changed.any() else still + 1
        if still == STILL:
            return
