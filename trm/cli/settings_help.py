"""The settings of a task for `trm train TASK --help`: presets, and every field with its default and description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from trm.config import TrainingConfig, TRMConfig
from trm.config.overrides import FROM_DATA
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry
from trm.specs import AugmentationSpec, DatasetSpec


def settings_help(task: str) -> str:
    """Text in the form of Click's own help."""
    registry = get_registry()
    spec = registry.task(task)
    formatter = click.HelpFormatter(width=min(click.get_current_context().terminal_width or 100, 100))
    first = spec.presets[0].name if spec.presets else ""
    _section(
        formatter,
        f"Presets of {task}",
        ((preset.name + (" (default)" if preset.name == first else ""), _figures(preset)) for preset in spec.presets),
    )
    for title, kind in (("Datasets", DatasetSpec), ("Augmentations", AugmentationSpec)):
        parts: dict[str, Any] = registry.parts(kind, task)
        _section(formatter, title, ((part.name, part.summary) for part in parts.values()))
    _section(formatter, "Settings for --set task.NAME=VALUE", _fields(config_class_of(spec)))
    _section(formatter, "Settings for --set model.NAME=VALUE", _fields(TRMConfig))
    with formatter.section("Settings for --set training.NAME=VALUE"):
        for title, names in TrainingConfig.sections().items():
            _section(formatter, title, _fields(TrainingConfig, names))
    return formatter.getvalue().rstrip()


def _figures(preset: Any) -> str:
    figures = "; ".join(filter(None, [preset.cost, preset.reaches]))
    origin = "" if preset.source == "measured" else f", {preset.source}"
    return f"{preset.summary} ({figures}{origin})" if figures else preset.summary


def _section(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _fields(config_class: type[BaseModel], names: Iterable[str] | None = None) -> Iterable[tuple[str, str]]:
    """Rows of names and descriptions. Default: all fields but those that the data determines."""
    known = config_class.model_fields
    for name in names or (name for name in known if name not in FROM_DATA):
        field = known[name]
        default = "" if field.default is PydanticUndefined else f" [{_text(field.default)}]"
        yield name, f"{field.description or ''}{default}"


def _text(value: Any) -> str:
    return "unset" if value is None else str(value)
