"""`--config FILE`: settings from a file as `trm presets TASK NAME --yaml` writes it, or from a run's `config.json`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trm.config.effective import FROM_THE_DATA
from trm.config.model import TRMConfig
from trm.config.overrides import FROM_DATA, Overrides, changed_preset, check_field, find_preset
from trm.config.run import PROVENANCE, RunConfig
from trm.config.training import TrainingConfig
from trm.errors import UsageError, nearest, quoted
from trm.plugins.code import config_class_of
from trm.specs import PresetSpec, TaskSpec
from trm.storage.text_files import open_text, problem, similar_files
from trm.storage.untrusted_input import parse_json

LONGEST = 2**22
SECTIONS = ("task_config", "model", "training")
RECORDS = ("changes", *PROVENANCE)
"""What a run's `config.json` records of its past. A new run has its own."""


@dataclass(frozen=True)
class SettingsFile:
    """Settings that a file holds. A file may hold only some of them.

    Attributes:
        path: the file.
        options: fields of `RunConfig` beside the sections: task, preset, dataset, augmentation, data, seed, metrics,
            init, starts_from.
        sections: the settings of task, model and training, under the names that `RunConfig` has for them.
    """

    path: Path
    options: Mapping[str, Any]
    sections: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Read a YAML or JSON file; the folder of a run stands for its `config.json`.

        Raises:
            UsageError: it cannot be read, is not a mapping, or has an unknown key or an invalid value outside its sections.
        """
        if (path / "config.json").is_file():
            path = path / "config.json"
        values = _read(path)
        known = [name for name in RunConfig.model_fields if name not in RECORDS]
        for name in values:
            if name not in RunConfig.model_fields:
                raise UsageError(f"{path}: There is no key {quoted(name)}. {nearest(str(name), known)}")
        sections = {name: values.get(name) or {} for name in SECTIONS}
        for name, section in sections.items():
            if not isinstance(section, Mapping):
                raise UsageError(f"{path}: {name} is {quoted(section)}, expected names of settings with their values.")
        if isinstance(values.get("task"), Mapping):
            raise UsageError(f"{path}: task is the name of the task; its settings are under task_config.")
        others = {name: value for name, value in values.items() if name in known and name not in SECTIONS}
        file = cls(path, others, sections)
        return replace(file, options=file._checked(RunConfig, others, ""))

    def preset(self, spec: TaskSpec, name: str | None = None) -> PresetSpec:
        """The preset that the file starts from, with the file's settings.

        Args:
            spec: the task.
            name: the preset to start from. Default: the one that the file names, or the task's first.

        Raises:
            UsageError: the file is for another task or preset, or has an unknown setting or an invalid value.
        """
        for key, given, wanted in (("task", "TASK", spec.name), ("preset", "--preset", name)):
            found = self.options.get(key)
            if found is not None and wanted is not None and found != wanted:
                raise UsageError(f"{self.path}: {key} is {found!r}, but {given} is {wanted!r}.")
        preset = find_preset(spec, name or self.options.get("preset"))
        augmentation = self.options.get("augmentation", preset.augmentation)
        return replace(
            changed_preset(preset, self._changes(spec)),
            dataset=self.options.get("dataset") or preset.dataset,
            augmentation="" if augmentation is None and "augmentation" in self.options else augmentation,
            starts_from=self.options.get("starts_from", preset.starts_from),
        )

    def _changes(self, spec: TaskSpec) -> Overrides:
        model = {
            name: value
            for name, value in self.sections["model"].items()
            if name not in FROM_DATA and value != FROM_THE_DATA
        }
        if "mixing" in model:
            model.pop("use_attention", None)  # it follows from mixing
        return Overrides(
            task=self._checked(config_class_of(spec), self.sections["task_config"], "task_config."),
            model=self._checked(TRMConfig, model, "model."),
            training=self._checked(TrainingConfig, self.sections["training"], "training."),
        )

    def _checked(self, config_class: Any, values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        try:
            return {
                name: check_field(config_class, f"{prefix}{name}", str(name), value) for name, value in values.items()
            }
        except UsageError as error:
            raise UsageError(f"{self.path}: {error}") from None


def _read(path: Path) -> Mapping[str, Any]:
    from trm.storage.yaml_text import parse_yaml

    try:
        with open_text(path) as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ValueError(f"it has more than {LONGEST:,} characters")
        values = parse_json(text) if path.suffix.lower() == ".json" else parse_yaml(text)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        meant = similar_files(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"Cannot read {path}: {problem(error)}.{meant}") from error
    if not isinstance(values, Mapping):
        raise UsageError(f"Cannot read {path}: it holds no settings. `trm presets TASK NAME --yaml` shows the form.")
    return values
