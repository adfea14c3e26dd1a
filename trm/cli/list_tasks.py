"""`trm list-tasks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import json_option, registry_with_warnings
from trm.cli.output import echo, print_json
from trm.errors import described
from trm.plugins.registry import HOOKS, Registered, Registry
from trm.specs import ANY_TASK, BackendSpec, TaskSpec

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

PRESET_FIELDS = ("name", "summary", "cost", "reaches", "source", "starts_from")
"""The fields of a preset that are listed."""

NARROW = 60
"""Columns of a terminal that are too few for a table."""

KINDS = {
    hook.removeprefix("trm_register_"): kind for hook, kind in HOOKS.items() if kind not in (TaskSpec, BackendSpec)
}
"""The kinds of parts that a task can use: datasets, augmentations, metrics, ..."""


@click.command("list-tasks")
@click.option("-v", "--verbose", is_flag=True, help="Also list the presets and all parts of each task.")
@json_option
def command(verbose: bool, as_json: bool) -> None:
    """List the installed tasks with their plugins and versions."""
    registry = registry_with_warnings(quiet_ones_too=True)
    rows = [_row(registry, entry, verbose) for entry in registry.tasks().values()]
    if as_json:
        print_json(rows)
    elif not rows:
        echo("No tasks are installed. Install the package of a task with `pip install`.")
    elif verbose:
        _print_parts(rows)
    else:
        _print_table(rows)


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
        row["presets"] = [{name: getattr(preset, name) for name in PRESET_FIELDS} for preset in spec.presets]
        for plural, kind in KINDS.items():
            row[plural] = [_part(part) for part in registry.entries_of(kind, spec.name).values()]
        row["positions"], row["tokens"] = _sizes(spec, registry)
    return row


def _part(entry: Registered) -> dict[str, Any]:
    return {
        "name": entry.spec.name,
        "summary": entry.spec.summary,
        "task": getattr(entry.spec, "task", ANY_TASK),
        "distribution": entry.plugin.distribution,
        "version": entry.plugin.version,
    }


def _sizes(spec: TaskSpec, registry: Registry) -> tuple[int | None, int | None]:
    """Positions and tokens with the default preset; None, with a warning, if the task's code fails."""
    from trm.experiment.task import Task
    from trm.plugins.code import blame

    try:
        description = Task.of(spec, spec.presets[0].task if spec.presets else {}).description
    except Exception as error:
        blamed = blame(error, registry)
        echo(f"Warning: {f'{blamed}: ' if blamed else ''}{described(error)}", err=True)
        return None, None
    return description.seq_len, description.vocab_size


def _print_table(rows: list[dict[str, Any]]) -> None:
    """One line for each task; in a narrow terminal a heading and a paragraph."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from trm.render.console import Console

    if Console().width < NARROW:
        for row in rows:
            _show(Text.assemble((row["task"], "bold"), f"  {row['distribution']} {row['version']}"))
            _show(Padding(Text(row["summary"]), (0, 0, 0, 2)))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Task", no_wrap=True)
    table.add_column("Plugin", overflow="fold")  # a long name must not squeeze the summary to one word per line
    table.add_column("Version", no_wrap=True)
    table.add_column("Summary")
    for row in rows:
        table.add_row(*(Text(row[key]) for key in ("task", "distribution", "version", "summary")))
    _show(table)


def _print_parts(rows: list[dict[str, Any]]) -> None:
    """A section for each task, then one for the parts that every task can use."""
    from rich.text import Text

    for row in rows:
        size = "" if row["positions"] is None else f"; {row['positions']} positions, {row['tokens']} tokens"
        _show(Text.assemble((row["task"], "bold"), f"  {row['summary']}"))
        _show(Text(f"{row['distribution']} {row['version']}{size}"))
        _show(_parts_table(row, shared=False))
    _show(Text("For every task", "bold"))
    _show(_parts_table(rows[0], shared=True))


def _figures(preset: dict[str, str]) -> str:
    start = f", starts from {preset['starts_from']}" if preset["starts_from"] else ""
    figures = "; ".join(filter(None, [preset["cost"], preset["reaches"]]))
    origin = "" if preset["source"] == "measured" else f" ({preset['source']})"
    return f"{preset['summary']}{start}{f': {figures}{origin}' if figures else ''}"


def _parts_table(row: dict[str, Any], shared: bool) -> Table:
    """The presets and parts of a task, or the parts that every task can use.

    The distribution of a part is shown if it is not the task's own.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1))
    for column in range(3):
        table.add_column(no_wrap=column < 2)
    for preset in () if shared else row["presets"]:
        table.add_row("preset", Text(preset["name"]), Text(_figures(preset)))
    for plural in KINDS:
        for part in row[plural]:
            if (part["task"] == ANY_TASK) != shared:
                continue
            own = part["distribution"] == row["distribution"] and not shared
            origin = "" if own else f" ({part['distribution']} {part['version']})"
            table.add_row(plural.removesuffix("s"), Text(part["name"]), Text(part["summary"] + origin))
    return table


def _show(renderable: RenderableType) -> None:
    from trm.render.console import Console

    Console(highlight=False).print(renderable)
