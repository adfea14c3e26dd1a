"""What the options of `trm train` ask for: a preset, a file of settings and changes, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from trm.cli.everyday import with_everyday
from trm.config.overrides import Overrides, changed_preset, find_preset
from trm.config.settings_file import SettingsFile
from trm.errors import UsageError
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry
from trm.specs import PresetSpec, TaskSpec
from trm.words import means_absent


@dataclass(frozen=True)
class Chosen:
    """A training as the command line describes it.

    Attributes:
        spec: the task.
        preset: the preset, with the settings of `--config`.
        sets: `--set` items, those that everyday options stand for included.
        options: the other options by the names of Click's parameters; those that the command line does not give have the
            values of the file.
    """

    spec: TaskSpec
    preset: PresetSpec
    sets: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def changed_preset(self) -> PresetSpec:
        """The preset with all changes, for showing its settings."""
        preset = changed_preset(self.preset, Overrides.parse(self.sets, config_class_of(self.spec)))
        dataset, augmentation = (self.options[name] for name in ("dataset", "augmentation"))
        return replace(
            preset,
            dataset=dataset or preset.dataset,
            augmentation=preset.augmentation
            if augmentation is None
            else ""
            if means_absent(augmentation)
            else augmentation,
        )


def choose(task: str | None, options: Mapping[str, Any]) -> Chosen:
    """Put together what the current command asks for.

    Args:
        task: the task's name. Default: the one that the file of `--config` names.
        options: the options of `trm train` by the names of Click's parameters.

    Raises:
        UsageError: no task is named, or a name, a setting or the file is wrong.
    """
    file = SettingsFile.read(options["config"]) if options["config"] else None
    name = task or (file.options.get("task") if file else None)
    if name is None:
        raise UsageError("Name a task: `trm train TASK`. `trm list-tasks` lists them.")
    spec = get_registry().task(name)
    preset = file.preset(spec, options["preset"]) if file else find_preset(spec, options["preset"])
    sets = with_everyday(options["sets"], options, spec)
    return Chosen(spec, preset, sets, {**options, **_from_file(file)} if file else options)


def is_given(name: str) -> bool:
    """Whether the command line gives an option, by the name of Click's parameter."""
    return click.get_current_context().get_parameter_source(name) != click.core.ParameterSource.DEFAULT


def _from_file(file: SettingsFile) -> dict[str, Any]:
    """The options beside presets and settings that the file holds and the command line does not give."""
    found = dict(file.options)
    if found.get("data") is not None:
        found["data"] = Path(found["data"])
    if "metrics" in found:
        found["metrics"] = tuple(found["metrics"])
    return {name: found[name] for name in ("data", "seed", "metrics", "init") if name in found and not is_given(name)}
