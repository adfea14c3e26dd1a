"""`trm trace`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from trm.cli.puzzle_text import read_text
from trm.cli.untrained import trace_from_scratch
from trm.errors import UsageError, cannot_write
from trm.extras import extra_module

if TYPE_CHECKING:
    from trm.experiment.tracing import Trace

output = click.Path(path_type=Path, dir_okay=False)


@click.command("trace")
@click.argument("task", shell_complete=complete.weights)
@click.argument("puzzle", required=False, shell_complete=complete.files)
@checkpoint_option
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Supervision steps (default: same as in training). For tasks that learn each puzzle from scratch: learning steps.",
)
@click.option("--cycles", is_flag=True, help="Show each of the T cycles inside a step as well.")
@click.option("--renderer", help="Another of the task's renderers.")
@click.option("--html", type=output, help="Write a self-contained page to step through.")
@click.option("--gif", type=output, help="Write an animation.")
@click.option("--png", type=output, help="Write a picture of all steps side by side.")
@click.option("--states", type=output, help="Write the states of every step as NumPy arrays: FILE.npz.")
@click.option("--messages", is_flag=True, help="With --states: add the sizes of the messages between positions.")
@click.option("--attention", is_flag=True, help="With --states: add the attention weights of each head.")
@click.option("-o", "--output", type=output, help="The same by the name's end: .html, .gif, .png or .npz.")
@device_option
@threads_option
def command(
    task: str,
    puzzle: str | None,
    checkpoint: str | None,
    steps: int | None,
    cycles: bool,
    renderer: str | None,
    html: Path | None,
    gif: Path | None,
    png: Path | None,
    states: Path | None,
    messages: bool,
    attention: bool,
    output: Path | None,
    device: str,
    threads: int | None,
) -> None:
    """Show how a model refines its answer to one PUZZLE of TASK, given as text or as a file; `-` reads stdin.

    PUZZLE defaults to a test puzzle that took the model many steps. Without an output file the steps are listed.
    """
    chosen = _chosen({".html": html, ".gif": gif, ".png": png, ".npz": states}, output)
    for option, asked in (("--messages", messages), ("--attention", attention)):
        if asked and ".npz" not in chosen:
            raise UsageError(f"{option} adds to a file of states: name it with --states FILE.npz.")
    registry_with_warnings()
    use_threads(threads)
    task, weights = task_and_weights(task, checkpoint)
    given = None if puzzle is None else read_text(puzzle)
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.experiment.solver import load
    from trm.experiment.untrained import learns_untrained

    if learns_untrained(task, weights, "refine_untrained"):
        if cycles or ".npz" in chosen:
            raise UsageError(f"Task {task!r} learns each puzzle from scratch: omit --cycles and --states.")
        trace = trace_from_scratch(task, given, steps, renderer)
    else:
        solver = load(weights, device=device, task=task, display=CommandDisplay())
        solver.task.renderer(renderer)  # refuses an unknown one before anything is computed
        inside = {"states": ".npz" in chosen, "messages": messages, "attention": attention}
        trace = replace(solver.trace(given and given[1], steps=steps, cycles=cycles, **inside), renderer=renderer)
    if not chosen:
        _show(trace)
        return
    writers = {".html": trace.to_html, ".gif": trace.to_gif, ".png": trace.to_png, ".npz": trace.to_npz}
    for ending, path in chosen.items():
        _write(path, writers[ending])


def _show(trace: Trace) -> None:
    from rich.text import Text

    from trm.render.console import Console

    console = Console(highlight=False)
    for part in trace.parts():
        if isinstance(part, Text):
            console.print_text(part)
        else:
            console.print(part)


OPTIONS = {".html": "--html", ".gif": "--gif", ".png": "--png", ".npz": "--states"}


def _chosen(named: dict[str, Path | None], output: Path | None) -> dict[str, Path]:
    """The files to write by the end of their names, with that of --output.

    Raises:
        UsageError: a name has the wrong end, a kind of file is named twice, or its library is missing.
    """
    if output is not None:
        ending = output.suffix.lower()
        if ending not in OPTIONS:
            *most, last = OPTIONS
            raise UsageError(f"Cannot write {output}: the name must end in {', '.join(most)} or {last}.")
        if named[ending] is not None:
            raise UsageError(f"Both {OPTIONS[ending]} and --output name a file. Omit one of them.")
        named = {**named, ending: output}
    chosen = {ending: path for ending, path in named.items() if path is not None}
    if ".npz" in chosen and chosen[".npz"].suffix.lower() != ".npz":
        raise UsageError(f"--states {chosen['.npz']}: use a name that ends in .npz.")
    for ending in (".gif", ".png"):
        for module in ("PIL", "matplotlib") if ending in chosen else ():
            extra_module(module, OPTIONS[ending])
    return chosen


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(path)
    except OSError as error:
        raise cannot_write(path, error, None) from error
    echo(f"Written: {path} ({path.stat().st_size / 1024:.0f} KiB)")
