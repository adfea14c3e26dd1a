"""Figures that commands write: `--output` of `trm plot`, `--plot` of `trm evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trm.cli.output import echo
from trm.errors import UsageError, cannot_write
from trm.extras import extra_module

if TYPE_CHECKING:
    from trm.render.chart import Points

SUFFIXES = (".png", ".svg", ".pdf")


def check_figure(path: Path, option: str) -> None:
    """Raise `UsageError` if a figure cannot be drawn into a file of this name. Call it before any long work."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{option} {path}: use a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    extra_module("matplotlib", option)


def write_figure(path: Path, option: str, panels: Mapping[str, Mapping[str, Points]], axis: str) -> None:
    """Write a figure with one panel per quantity; see `trm.render.curves.write_curves`."""
    from trm.render.curves import write_curves

    try:
        write_curves(path, panels, axis)
    except OSError as error:
        raise cannot_write(path, error, option) from error
    echo(f"Written: {path}")
