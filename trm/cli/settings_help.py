"""What `trm train TASK --help` says about the task: its presets and parts, and the settings of the chosen preset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
from pydantic import BaseModel

from trm.cli.help import HelpFormatter
from trm.config import TrainingConfig, TRMConfig
from trm.config.effective import FROM_THE_DATA, effective_settings
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry
from trm.specs import AugmentationSpec, DatasetSpec, PresetSpec, TaskSpec

MODEL_FIRST = ("mixing", "hidden_dim", "num_layers", "n_recursions", "T_steps", "n_supervision")
TRAINING_FIRST = (
    "num_epochs",
    "max_steps",
    "batch_size",
    "optimizer",
    "learning_rate",
    "weight_decay",
    "eval_interval",
)
"""The settings of model and training that people change most. Of the task's, those that its presets set come first."""

LONGEST_VALUE = 40


def settings_help(spec: TaskSpec, preset: PresetSpec, everything: bool = False) -> str:
    """Text in the form of Click's own help.

    Args:
        spec: the task.
        preset: the preset whose values are shown.
        everything: show all settings. Default: the most important ones.
    """
    formatter = HelpFormatter(max_width=click.get_current_context().max_content_width)
    _section(formatter, f"Presets of {spec.name}", preset_rows(spec, figures=everything))
    for title, kind in (("Datasets", DatasetSpec), ("Augmentations", AugmentationSpec)):
        parts: dict[str, Any] = get_registry().parts(kind, spec.name)
        _section(formatter, title, ((part.name, part.summary) for part in parts.values()))
    settings = effective_settings(spec, preset)
    formatter.write_paragraph()
    formatter.write_text(_heading(spec, preset, everything))
    for title, section, config_class, names in _sections(spec, everything):
        _section(formatter, title, _fields(config_class, section, names, settings))
    return formatter.getvalue().rstrip()


def preset_rows(spec: TaskSpec, figures: bool = True) -> Iterator[tuple[str, str]]:
    """The name and the description of each preset; with `figures`, what it costs and reaches."""
    for number, preset in enumerate(spec.presets):
        name = preset.name if number else f"{preset.name} (default)"
        yield name, f"{described_preset(preset)}{_figures(preset) if figures else ''}"


def described_preset(preset: PresetSpec) -> str:
    """The summary of a preset, and what it starts from."""
    start = f" Starts from {preset.starts_from}, which is trained first." if preset.starts_from else ""
    return f"{preset.summary}.{start}"


def shown(value: Any) -> str:
    """A value as `--set` takes it."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _figures(preset: PresetSpec) -> str:
    origin = "" if preset.source == "measured" else f" ({preset.source})"
    cost = f" Cost: {preset.cost}." if preset.cost else ""
    return cost + (f" Reaches: {preset.reaches}{origin}." if preset.reaches else "")


def _heading(spec: TaskSpec, preset: PresetSpec, everything: bool) -> str:
    rest = "" if everything else f" `trm train {spec.name} --help-all` shows all settings."
    return f"Settings with preset {preset.name}; change one with --set NAME=VALUE.{rest}"


def _sections(spec: TaskSpec, everything: bool) -> Iterator[tuple[str, str, type[BaseModel], Iterable[str]]]:
    """The title, the section, its class and its fields, for each section of the help."""
    task = config_class_of(spec)
    if not everything:
        used = [name for name in task.model_fields if any(name in preset.task for preset in spec.presets)]
        yield "Task", "task", task, used or task.model_fields
        yield "Model", "model", TRMConfig, MODEL_FIRST
        yield "Training", "training", TrainingConfig, TRAINING_FIRST
        return
    yield "Task", "task", task, task.model_fields
    yield "Model", "model", TRMConfig, TRMConfig.model_fields
    for title, names in TrainingConfig.sections().items():
        yield title, "training", TrainingConfig, names


def _section(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows, col_max=40)


def _fields(
    config_class: type[BaseModel], section: str, names: Iterable[str], settings: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Each setting with its value and its description; what the data determines is left out."""
    values = settings["task_config" if section == "task" else section]
    for name in names:
        value = shown(values[name])
        if value != FROM_THE_DATA:
            short = value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 3] + "..."
            yield f"{section}.{name}={short}", config_class.model_fields[name].description or ""
