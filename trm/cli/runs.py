"""`trm runs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import json_option
from trm.cli.output import echo, print_json
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.cli.sheet import Column
    from trm.render.console import Console
    from trm.runs.listing import Listed

METRIC = "exact_accuracy"
"""The score that the best checkpoint is chosen by."""

MOST_SETTINGS = 4
"""Settings of a run in the table. `--json` has all, and so has `trm compare`."""


@click.command("runs")
@click.argument("folder", required=False, type=click.Path(path_type=Path), shell_complete=complete.runs)
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """List the runs in FOLDER (default: runs) with their scores and states.

    Best and last are exact_accuracy, the share of test puzzles with every cell right. A run is running, finished,
    interrupted (resume it with `trm train --resume RUN`), imported or damaged.
    """
    from trm.runs.hub import is_hub_reference
    from trm.runs.listing import list_runs

    if folder is not None and is_hub_reference(folder):
        raise UsageError("`trm runs` lists folders. List the models of an owner on the Hub with: trm pull --list OWNER")
    if folder is not None and not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. `trm runs` lists the runs in the folder runs.")
    folder = folder or Path("runs")
    listed = list_runs(folder)
    rows = _rows(listed)
    if as_json:
        print_json(rows)
    elif rows:
        _print(rows)
    else:
        echo(f"There are no runs in {folder}. Train a model with: trm train TASK")


def _rows(listed: Sequence[Listed]) -> list[dict[str, Any]]:
    different = _different(listed)
    return [
        {"run": str(run.path), "state": run.state, **_figures(run), "settings": settings, "problem": run.problem}
        for run, settings in zip(listed, different, strict=True)
    ]


def _figures(run: Listed) -> dict[str, Any]:
    history = run.history
    return {
        "task": history and history.config.task,
        "preset": history and history.config.preset,
        "best": history and history.best(METRIC),
        "last": history and history.last_scores().get(METRIC),
        "steps": history and history.last("step"),
        "seconds": history and history.last("seconds"),
    }


def _different(listed: Sequence[Listed]) -> list[dict[str, Any]]:
    """For each run, the settings that differ among the runs of its task and preset."""
    from trm.runs.differences import differing, settings_of

    settings = [settings_of(run.history.config) if run.history else {} for run in listed]
    result = []
    for own in settings:
        alike = [other for other in settings if all(other.get(key) == own.get(key) for key in ("task", "preset"))]
        result.append({name: own[name] for name in differing(alike) if name in own})
    return result


def _print(rows: Sequence[dict[str, Any]]) -> None:
    from rich.text import Text

    from trm.cli.sheet import Column, duration, percent
    from trm.render.console import Console

    console = Console(highlight=False)
    columns = [
        Column("run", [row["run"] for row in rows]),
        Column("task:preset", [":".join(filter(None, [row["task"], row["preset"]])) for row in rows]),
        Column("best", [percent(row["best"]) for row in rows], number=True),
        Column("last", [percent(row["last"]) for row in rows], number=True),
        Column("time", [duration(row["seconds"]) for row in rows], number=True),
        Column("state", [row["state"] for row in rows]),
    ]
    _print_columns(console, columns, Column("settings", [_shortened(row["settings"]) for row in rows]))
    for row in rows:
        if row["problem"]:
            console.print_text(Text(f"{row['run']} is damaged: {row['problem']}"))


def _shortened(settings: dict[str, Any]) -> str:
    """The first few settings as text."""
    from trm.runs.differences import described

    shown = dict(list(settings.items())[:MOST_SETTINGS])
    more = len(settings) - len(shown)
    return described(shown) + (f" and {more} more" if more else "")


def _print_columns(console: Console, columns: Sequence[Column], settings: Column) -> None:
    """Print a table with the settings that differ in its last column or, in a narrower terminal, below each row."""
    from rich.padding import Padding
    from rich.segment import Segment, Segments
    from rich.text import Text

    from trm.cli.sheet import paragraphs, side_by_side, width_of

    if not any(settings.values):
        console.print(side_by_side(columns) if width_of(columns) <= console.width else paragraphs(columns))
    elif width_of([*columns, settings]) <= console.width:
        console.print(side_by_side([*columns, settings]))
    elif width_of(columns) <= console.width:
        lines = console.render_lines(side_by_side(columns), pad=False)
        for line, text in zip(lines, ["", *settings.values], strict=True):  # the first line is the header
            console.print(Segments([*line, Segment.line()]))
            if text:
                console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2), expand=False))
    else:
        console.print(paragraphs([*columns, settings]))
