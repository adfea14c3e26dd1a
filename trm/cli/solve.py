"""`trm solve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    checkpoint_option,
    device_option,
    json_option,
    registry_with_warnings,
    search_options,
    task_and_weights,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json
from trm.cli.puzzle_text import read_text
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.experiment.results import Solved


@click.command("solve")
@click.argument("task", shell_complete=complete.tasks)
@click.argument("puzzles", nargs=-1)
@checkpoint_option
@search_options
@device_option
@threads_option
@json_option
def command(
    task: str,
    puzzles: tuple[str, ...],
    checkpoint: str | None,
    device: str,
    threads: int | None,
    as_json: bool,
    **search: Any,
) -> None:
    """Solve PUZZLES of TASK, each given as text or as a file; `-` or nothing reads stdin.

    Every answer is checked by the task's rules. The exit code is 1 if one is invalid. Without --checkpoint, puzzles that
    the task's default weights fail on are given to the other weights that it ships.
    """
    registry = registry_with_warnings()
    use_threads(threads)
    task, weights = task_and_weights(task, checkpoint)
    spec = registry.task(task)
    if not spec.reads_text and spec.solve is None:
        raise UsageError(f"Task {task!r} cannot read puzzles from text.")
    texts = [read_text(given) for given in puzzles or ("-",)]
    from trm.cli.display import CommandDisplay
    from trm.evaluation.options import SearchOptions
    from trm.experiment.answering import SourcedText, solve_texts
    from trm.experiment.solver import load
    from trm.runs.locate import shipped_weights

    solver = load(weights, device=device, task=task, display=CommandDisplay())
    others = [] if weights != task else [f"{task}:{preset}" for preset in list(shipped_weights(task))[1:]]
    options = SearchOptions(**search)
    solved = solve_texts(solver.loaded, [SourcedText(*text) for text in texts], options, others)
    if as_json:
        print_json([dict(answer.report) for answer in solved])
    else:
        _print(solved)
    if any(answer.problem for answer in solved):
        if spec.solve is None and options.check is not False and options.restarts == 1:
            echo("More test-time compute may help: --steps 64 --restarts 16", err=True)
        click.get_current_context().exit(1)


def _print(solved: Sequence[Solved]) -> None:
    from rich.text import Text

    from trm.render.console import Console

    console = Console(highlight=False)
    for number, answer in enumerate(solved, start=1):
        if number > 1 and answer.steps is not None:
            console.print()
        console.print(answer.picture)
        if answer.text:
            echo(answer.text)
        details = _details(answer)
        if answer.problem:
            console.print(Text.assemble(("invalid", "bold red"), f": {answer.problem}{details}"), soft_wrap=True)
        elif answer.valid:
            console.print(Text.assemble(("valid", "bold green"), details), soft_wrap=True)


def _details(answer: Solved) -> str:
    """How the answer was found; empty for a task with its own solver."""
    if answer.confidence is None:
        return ""
    by = f" of {answer.weights}" if answer.weights else ""
    return f" (after {answer.steps} supervision steps{by}; confidence {answer.confidence:.0%})"
