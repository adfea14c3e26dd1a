"""`trm list-tasks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import json_option, registry_with_warnings
from trm.cli.output import echo, print_json
from trm.plugins.registry import Registered, Registry
from trm.specs import DatasetSpec, TaskSpec

if TYPE_CHECKING:
    from rich.table import Table


@click.command("list-tasks")
@click.option("-v", "--verbose", is_flag=True, help="Presets and datasets too.")
@json_option
def command(verbose: bool, as_json: bool) -> None:
    """The tasks, their plugins and versions."""
    registry = registry_with_warnings()
    rows = [_row(registry, entry, verbose) for entry in registry.tasks().values()]
    if as_json:
        print_json(rows)
    elif not rows:
        echo("There are no tasks: no installed plugin brings one.")
    else:
        _print(rows, verbose)


def _row(registry: Registry, entry: Registered, verbose: bool) -> dict[str, Any]:
    spec = entry.spec
    assert isinstance(spec, TaskSpec)
    row: dict[str, Any] = {
        "task": spec.name,
        "summary": spec.summary,
        "plugin": entry.plugin.name,
        "distribution": entry.plugin.distribution,
        "version": entry.plugin.version,
    }
    if verbose:
        row["presets"] = [
            {name: getattr(preset, name) for name in ("name", "summary", "cost", "reaches", "source")}
            for preset in spec.presets
        ]
        row["datasets"] = [
            {"name": part.name, "summary": part.summary} for part in registry.parts(DatasetSpec, spec.name).values()
        ]
        row["positions"], row["tokens"] = _sizes(spec)
    return row


def _sizes(spec: TaskSpec) -> tuple[int, int]:
    """Positions and tokens with the default settings; this loads the task's code."""
    from trm.experiment.experiment import Experiment

    description = Experiment.from_preset(spec.name).task.description
    return description.seq_len, description.vocab_size


def _print(rows: list[dict[str, Any]], verbose: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from trm.render.console import Console

    console = Console(highlight=False)
    if verbose:
        for row in rows:
            console.print(Text.assemble((row["task"], "bold"), f"  {row['summary']}"))
            console.print(
                Text(f"{row['distribution']} {row['version']}; {row['positions']} positions, {row['tokens']} tokens")
            )
            console.print(_parts(row))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Task", no_wrap=True)
    table.add_column("Plugin", overflow="fold")  # long names must not squeeze the summary to a word a line
    table.add_column("Version", no_wrap=True)
    table.add_column("Summary")
    for row in rows:
        table.add_row(*(Text(row[key]) for key in ("task", "distribution", "version", "summary")))
    console.print(table)


def _parts(row: dict[str, Any]) -> Table:
    """A task's presets and datasets."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1))
    for column in range(3):
        table.add_column(no_wrap=column < 2)
    for preset in row["presets"]:
        figures = "; ".join(filter(None, [preset["cost"], preset["reaches"]]))
        origin = "" if preset["source"] == "measured" else f" ({preset['source']})"
        text = f"{preset['summary']}: {figures}{origin}" if figures else preset["summary"]
        table.add_row("preset", Text(preset["name"]), Text(text))
    for dataset in row["datasets"]:
        table.add_row("dataset", Text(dataset["name"]), Text(dataset["summary"]))
    return table
