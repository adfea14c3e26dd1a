"""`trm solve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    checkpoint_option,
    device_option,
    json_option,
    load_torch,
    registry_with_warnings,
    search_options,
    task_and_weights,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json
from trm.cli.puzzle_text import read_text
from trm.errors import NOT_ALL_VALID, UsageError
from trm.words import counted

if TYPE_CHECKING:
    from trm.evaluation.options import SearchOptions
    from trm.experiment.solve_job import SolveJob


@click.command("solve")
@click.argument("task", shell_complete=complete.weights)
@click.argument("puzzles", nargs=-1, shell_complete=complete.files)
@checkpoint_option
@search_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the answers to this file, in the format of its suffix: .csv, .jsonl or .txt. If it exists, the same "
    "command continues it.",
)
@device_option
@threads_option
@json_option
def command(
    task: str,
    puzzles: tuple[str, ...],
    checkpoint: str | None,
    output: Path | None,
    device: str,
    threads: int | None,
    as_json: bool,
    **search: Any,
) -> None:
    """Solve PUZZLES of TASK, each given as text or as a file; `-` or nothing reads stdin.

    Every answer is checked by the task's rules. The exit code is 3 if one is invalid, or if some of several puzzles cannot
    be read. Without --checkpoint, a puzzle that the task's default weights fail on is given to the other weights that it
    ships. With --restarts, all of them make one attempt before any makes a second.
    """
    registry = registry_with_warnings()
    use_threads(threads)
    task, weights = task_and_weights(task, checkpoint)
    spec = registry.task(task)
    if not spec.reads_text and spec.solve is None:
        raise UsageError(f"Task {task!r} cannot read puzzles from text.")
    if output is not None:
        from trm.experiment.answer_formats import format_of

        format_of(output)  # refuses a suffix that it does not know before anything else is done
    texts = [read_text(given, folders=spec.solve is not None) for given in puzzles or ("-",)]
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.evaluation.options import SearchOptions
    from trm.experiment.given import SourcedText
    from trm.experiment.untrained import learns_untrained

    if learns_untrained(task, weights, "solve_untrained"):
        _solve_untrained(task, texts, SearchOptions(**search), output, as_json)
        return
    from trm.experiment.solve_job import SolveJob
    from trm.experiment.solver import load
    from trm.runs.locate import shipped_weights

    solver = load(weights, device=device, task=task, display=CommandDisplay())
    others = [] if weights != task else [f"{task}:{preset}" for preset in list(shipped_weights(task))[1:]]
    options = SearchOptions(**search)
    job = SolveJob(solver.loaded, [SourcedText(*text) for text in texts], options, others)
    if output is None:
        _print(job, as_json)
    else:
        _write(job, output, as_json)
    if job.tally.puzzles > 1 or output is not None:
        speed = f" ({job.rate:,.3g} puzzles/s per core, {job.seconds:,.1f} s)" if job.solved else ""
        echo(f"{job.tally}{speed}", err=True)
    if job.tally.problems:
        if job.tally.undecided and spec.solve is None and options.check is not False and options.restarts == 1:
            echo("More test-time compute may help: --steps 64 --restarts 16", err=True)
        click.get_current_context().exit(NOT_ALL_VALID)


def _solve_untrained(
    task: str, texts: list[tuple[str, str]], options: SearchOptions, output: Path | None, as_json: bool
) -> None:
    """Print the answers of a task that learns each puzzle from scratch."""
    from trm.cli.answers import as_json_list, as_pictures
    from trm.evaluation.requests import UntrainedRequest
    from trm.experiment.task import Task
    from trm.experiment.untrained import solve_untrained

    if output is not None:
        raise UsageError("Learning from scratch prints its answers. Use --json instead of --output.")
    bound, failed = Task.named(task), False
    with as_json_list() if as_json else as_pictures() as show:
        for solved in solve_untrained(bound, UntrainedRequest(config=bound.config, texts=texts), options):
            show(solved)
            failed = failed or solved.problem is not None
    if failed:
        click.get_current_context().exit(NOT_ALL_VALID)


def _print(job: SolveJob, as_json: bool) -> None:
    from trm.cli.answers import as_json_list, as_pictures

    with as_json_list() if as_json else as_pictures() as show:
        for solved in job.answers():
            show(solved)


def _write(job: SolveJob, output: Path, as_json: bool) -> None:
    from trm.experiment.answer_file import AnswerFile

    with AnswerFile(output, job.made_by) as file:
        before = file.kept.puzzles
        if before:
            kept = counted(before, "answer")
            echo(f"Keeping {kept} that {output} has from an earlier job with the same options.", err=True)
        try:
            job.write_to(file)
        except KeyboardInterrupt:
            echo(f"The same command continues {output}.", err=True)
            raise
    if before and not job.solved:
        echo(
            f"{output} is complete: there is nothing left to solve. Choose another --output for new answers.", err=True
        )
    if as_json:
        print_json({"output": str(output), **job.report()})
