"""`trm presets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import json_option, registry_with_warnings
from trm.cli.help import NARROW, HelpFormatter
from trm.cli.list_tasks import PRESET_FIELDS
from trm.cli.output import echo, print_json
from trm.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from trm.specs import TaskSpec


@click.command("presets", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("task", shell_complete=complete.tasks)
@click.argument("name", required=False, shell_complete=complete.presets)
@click.option(
    "--diff",
    "other",
    metavar="OTHER",
    shell_complete=complete.presets,
    help="Show only what differs from preset OTHER.",
)
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML, which `trm train --config FILE` reads.")
@json_option
def command(task: str, name: str | None, other: str | None, as_yaml: bool, as_json: bool) -> None:
    """List the presets of TASK, or show all settings of the preset called NAME.

    `trm train TASK --config FILE` reads the settings back from YAML or JSON.
    """
    spec = registry_with_warnings().task(task)
    if as_yaml and as_json:
        raise UsageError("Give --yaml or --json, not both.")
    report: Any
    if other is not None:
        report = _differences(spec, name, other)
    elif name is not None:
        report = _settings(spec, name)
    else:
        report = [{field: getattr(preset, field) for field in PRESET_FIELDS} for preset in spec.presets]
    if as_json:
        print_json(report)
    elif as_yaml:
        _print_yaml(report, _origin(spec, name) if name else "")
    elif other is not None:
        _print_differences(report)
    elif name is not None:
        _print_settings(spec, name, report)
    else:
        _print_list(spec)


def _settings(spec: TaskSpec, name: str | None) -> dict[str, Any]:
    from trm.config.effective import effective_settings
    from trm.config.overrides import find_preset

    return effective_settings(spec, find_preset(spec, name))


def _differences(spec: TaskSpec, name: str | None, other: str) -> dict[str, dict[str, Any]]:
    """The value in either preset of each setting that differs."""
    from trm.config.effective import flat
    from trm.config.overrides import find_preset

    presets = [find_preset(spec, wanted) for wanted in (name, other)]
    first, second = (dict(flat(_settings(spec, preset.name))) for preset in presets)
    return {
        setting: {presets[0].name: value, presets[1].name: second[setting]}
        for setting, value in first.items()
        if value != second[setting]
    }


def _origin(spec: TaskSpec, name: str) -> str:
    """What a preset is, and what it starts from, in one line."""
    from trm.cli.settings_help import described_preset
    from trm.config.overrides import find_preset

    preset = find_preset(spec, name)
    return f"Preset {preset.name} of {spec.name}: {described_preset(preset)}"


def _print_yaml(report: Any, heading: str) -> None:
    from trm.storage.yaml_text import yaml_text

    comment = f"# {heading}\n" if heading else ""
    echo(f"{comment}{yaml_text(report)}".rstrip("\n"))


def _print_list(spec: TaskSpec) -> None:
    from trm.cli.settings_help import preset_rows

    formatter = HelpFormatter()
    formatter.write_dl(list(preset_rows(spec)))
    echo(formatter.getvalue().rstrip())


def _print_settings(spec: TaskSpec, name: str, settings: Mapping[str, Any]) -> None:
    from trm.cli.settings_help import shown
    from trm.config.effective import FROM_THE_DATA, OPTIONS, flat
    from trm.config.overrides import find_preset
    from trm.render.console import Console

    preset = find_preset(spec, name)
    chosen = {f"task.{key}" for key in preset.task} | {f"model.{key}" for key in preset.model}
    chosen |= {f"training.{key}" for key in preset.training}
    chosen |= {key for key in OPTIONS if getattr(preset, key) is not None}
    console = Console(highlight=False)
    columns = ("Setting", "Value", "Set by") if console.width >= NARROW else ("Setting", "Value")
    table = _table(*columns)
    for setting, value in flat(settings):
        source = "data" if value == FROM_THE_DATA else "preset" if setting in chosen else "default"
        table.add_row(*(setting, shown(value), source)[: len(columns)])
    console.print(_origin(spec, name), markup=False)
    console.print(table)


def _print_differences(differences: Mapping[str, Mapping[str, Any]]) -> None:
    from trm.cli.settings_help import shown
    from trm.render.console import Console

    if not differences:
        echo("The presets have the same settings.")
        return
    table = _table("Setting", *next(iter(differences.values())))
    for setting, values in differences.items():
        table.add_row(setting, *(shown(value) for value in values.values()))
    Console(highlight=False).print(table)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)  # names stay whole
    return table
