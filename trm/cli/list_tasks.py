"""`trm list-tasks`."""

from __future__ import annotations

from typing import Any

import click

from trm.cli.common import json_option, print_json, registry_with_warnings
from trm.plugins import Registered, Registry
from trm.specs import DatasetSpec, TaskSpec


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
        click.echo("There are no tasks: no installed plugin brings one.")
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
    from trm.experiment import Experiment

    description = Experiment.from_preset(spec.name).description
    return description.seq_len, description.vocab_size


def _print(rows: list[dict[str, Any]], verbose: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("Task", "Plugin", "Version", "Summary"):
        table.add_column(title, no_wrap=title != "Summary")
    for row in rows:
        table.add_row(row["task"], row["distribution"], row["version"], row["summary"])
        if verbose:
            table.add_row("", "", "", f"{row['positions']} positions, {row['tokens']} tokens by default")
            for preset in row["presets"]:
                figures = "; ".join(filter(None, [preset["cost"], preset["reaches"]]))
                origin = "" if preset["source"] == "measured" else f" [{preset['source']}]"
                table.add_row("", "", "preset", f"{preset['name']}: {preset['summary']} ({figures}){origin}")
            for dataset in row["datasets"]:
                table.add_row("", "", "dataset", f"{dataset['name']}: {dataset['summary']}")
    Console(soft_wrap=False).print(table)
