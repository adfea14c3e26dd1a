"""Figures that commands write, and the numbers in them: `--output` of `trm plot`, `--plot` of `trm evaluate`."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm.cli.output import echo
from trm.errors import UsageError, cannot_write
from trm.extras import extra_module

if TYPE_CHECKING:
    from trm.render.chart import Points
    from trm.render.panels import Panel

SUFFIXES = (".png", ".svg", ".pdf")
NUMBERS = (".csv", ".json")


def check_figure(path: Path, option: str, numbers: bool = False) -> None:
    """Raise `UsageError` if a figure, or with `numbers` its numbers, cannot be written into a file of this name.

    Call it before any long work.
    """
    known = SUFFIXES + (NUMBERS if numbers else ())
    if path.suffix.lower() not in known:
        raise UsageError(f"{option} {path}: use a name that ends in {', '.join(known[:-1])} or {known[-1]}.")
    if path.suffix.lower() in SUFFIXES:
        extra_module("matplotlib", option)
    if not path.absolute().parent.is_dir():
        raise cannot_write(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), option)


def write_figure(
    path: Path, option: str, panels: Mapping[str, Mapping[str, Points]], axis: str, *, err: bool = False
) -> None:
    """Write a figure with one panel per quantity, with one curve per name; `err` says so on stderr."""
    write_panels(path, option, line_panels(panels, axis), {}, err=err)


def line_panels(panels: Mapping[str, Mapping[str, Points]], axis: str) -> list[Panel]:
    """One panel per quantity, with a line through the points of each name."""
    from trm.render.panels import Curve, Panel

    return [
        Panel(name.replace("_", " "), axis, {label: Curve.through(points) for label, points in curves.items()})
        for name, curves in panels.items()
    ]


def write_panels(
    path: Path, option: str, panels: Sequence[Panel], facts: Mapping[str, Any], *, err: bool = False
) -> None:
    """Write panels as a figure, as CSV or as JSON with other facts, by the end of the file's name.

    Args:
        path: the output file, which `check_figure` has accepted.
        option: the option that names it, for errors.
        panels: at least one.
        facts: what the JSON has beside the panels.
        err: say on stderr that the file is written, because stdout has a document.
    """
    from trm.render.curves import write_panels as draw
    from trm.render.panels import as_csv, as_json
    from trm.storage.atomic import write_bytes

    try:
        if path.suffix.lower() in SUFFIXES:
            draw(path, panels)
        else:
            text = as_csv(panels) if path.suffix.lower() == ".csv" else as_json(panels, facts)
            write_bytes(path, text.encode())
    except OSError as error:
        raise cannot_write(path, error, option) from error
    echo(f"Written: {path}", err=err)
