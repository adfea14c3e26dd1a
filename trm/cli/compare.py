"""`trm compare`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import json_option
from trm.cli.output import echo, print_json
from trm.storage.untrusted_input import as_number

if TYPE_CHECKING:
    from trm.runs.history import History

Row = tuple[str, list[Any]]


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--all", "show_all", is_flag=True, help="Show the settings that are equal, too.")
@json_option
def command(runs: tuple[Path, ...], show_all: bool, as_json: bool) -> None:
    """Show the settings in which RUNS differ, and the scores of each run."""
    from trm.runs.history import read_history

    histories = [read_history(path) for path in runs]
    settings = list(_settings(histories, show_all))
    results = list(_results(histories))
    if as_json:
        print_json({"runs": list(map(str, runs)), "settings": dict(settings), "results": dict(results)})
    else:
        _print(histories, settings, results)


def _settings(histories: Sequence[History], show_all: bool) -> Iterable[Row]:
    from trm.config.overrides import FROM_DATA

    from_data = tuple(f"model.{name}" for name in FROM_DATA)
    flat = [dict(_flattened(history.config.model_dump(mode="json"))) for history in histories]
    for name in dict.fromkeys(name for values in flat for name in values):
        values = [settings.get(name) for settings in flat]
        differ = any(value != values[0] for value in values)
        if (differ or show_all) and not name.startswith(from_data):
            yield name, values


def _flattened(values: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _results(histories: Sequence[History]) -> Iterable[Row]:
    summaries = [history.summary or {} for history in histories]
    scores = [
        summary.get("final_metrics") or history.last_scores()
        for summary, history in zip(summaries, histories, strict=True)
    ]
    yield "state", ["finished" if summary else "not finished" for summary in summaries]
    for name in dict.fromkeys(name for values in scores for name in values):
        yield name, [as_number(values.get(name)) for values in scores]
    yield (
        "best exact_accuracy",
        [max((y for _, y in history.curve("exact_accuracy")), default=None) for history in histories],
    )
    yield "parameters", [summary.get("parameters") for summary in summaries]
    for name in ("step", "epoch", "seconds"):
        yield name, [history.records[-1][name] if history.records else None for history in histories]


def _print(histories: Sequence[History], settings: Sequence[Row], results: Sequence[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    from trm.render.console import Console

    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for history in histories:
        table.add_column(Text(str(history.path)), overflow="fold")
    for name, values in [*settings, ("", [""] * len(histories)), *results]:
        table.add_row(Text(name), *(Text(_text(value)) for value in values))
    Console(highlight=False).print(table)
    if not settings:
        echo("The runs have the same settings.")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
