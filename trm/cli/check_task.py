"""`trm check-task`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import json_option, load_torch, registry_with_warnings, threads_option, use_threads
from trm.cli.output import print_json
from trm.progress import progress

if TYPE_CHECKING:
    from trm.testing import Result

MARKS = {
    "passed": "[green]passed[/]",
    "failed": "[bold red]FAILED[/]",
    "skipped": "[dim]skipped[/]",
    "expected": "[yellow]expected[/]",
}


@click.command("check-task")
@click.argument("task", shell_complete=complete.tasks)
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    shell_complete=complete.checks,
    help="Run only this check; may be repeated.",
)
@threads_option
@json_option
def command(task: str, only: tuple[str, ...], threads: int | None, as_json: bool) -> int:
    """Run the conformance kit over TASK: specs, data, augmentations, metrics, renderers, a few training steps.

    Exits with 1 if a check fails, unless the task declares it in `expected_failures`.
    """
    registry = registry_with_warnings()
    registry.task(task)
    use_threads(threads)
    load_torch()
    from trm.testing import CHECKS, check_task

    results = []
    with progress(f"Checking {task}", len(only or CHECKS), "checks") as advance:
        for result in check_task(task, only):
            results.append(result)
            advance(1)
    if as_json:
        print_json({"task": task, "ok": all(r.ok for r in results), "checks": [asdict(r) for r in results]})
    else:
        _print(task, results)
    return 0 if all(result.ok for result in results) else 1


def _print(task: str, results: list[Result]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from trm.render.console import Console

    table = Table(box=None, pad_edge=False, title=f"Conformance of {task}", title_justify="left")
    table.add_column("Check", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Seconds", justify="right")
    table.add_column("Problem and likely cause")
    for result in results:
        table.add_row(
            result.check,
            MARKS[result.verdict],
            f"{result.seconds:.1f}",
            escape(f"{result.problem} {result.cause}".strip()),
        )
    console = Console()
    console.print(table)
    failed = sum(not result.ok for result in results)
    seconds = sum(result.seconds for result in results)
    verdict = f"[bold red]{failed} of {len(results)} checks failed[/]" if failed else "[green]All checks passed[/]"
    console.print(f"{verdict} in {seconds:.1f} s.", highlight=False)
