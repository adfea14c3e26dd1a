"""`trm compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import json_option
from trm.cli.output import echo, print_json
from trm.cli.readable import readable
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.cli.comparison import Comparison


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), shell_complete=complete.runs)
@click.option("--all", "show_all", is_flag=True, help="Show the settings that are equal, too.")
@click.option("--ungrouped", is_flag=True, help="Show each run, also where runs differ only in the seed.")
@click.option("--markdown", "form", flag_value="markdown", help="Print a Markdown table.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, with scores from 0 to 1.")
@json_option
def command(runs: tuple[Path, ...], show_all: bool, ungrouped: bool, form: str | None, as_json: bool) -> None:
    """Compare RUNS: run folders, folders of runs, or hf://owner/name.

    The table has one row per run, with the settings that differ and the scores.

    Runs that differ only in the seed share a row with the mean and the sample standard deviation of their scores. A score
    of a single finished run that is a share of the puzzles has Wilson's 95 % confidence interval for its number of test
    puzzles. A difference is within noise if its own 95 % confidence interval contains 0.
    """
    if as_json and form:
        raise UsageError(f"--json and --{form} exclude each other. Choose one.")
    from trm.cli.comparison import compare
    from trm.runs.listing import expanded

    listed = expanded(runs)
    found = readable(listed)
    if len(runs) > len(listed) == 1:
        echo(f"{listed[0].path} was given more than once and is shown once.", err=True)
    comparison = compare(found, show_all=show_all, ungrouped=ungrouped)
    if as_json:
        print_json(comparison.as_json())
    else:
        _print(comparison, form)


def _print(comparison: Comparison, form: str | None) -> None:
    from rich.text import Text

    from trm.cli.sheet import as_csv, fitted, markdown
    from trm.render.console import Console

    if form == "csv":
        echo(as_csv(comparison.records()))
        return
    if form == "markdown":
        echo("\n".join([markdown(comparison.columns()), *(f"\n{note}" for note in comparison.notes())]))
        return
    console = Console(highlight=False)
    for part in fitted(comparison.columns(), console.width):
        console.print(part)
    for note in comparison.notes():
        console.print(Text(f"\n{note}"))
