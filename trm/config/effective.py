"""The settings that a preset stands for, complete with the defaults of what it does not set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trm.config.model import TRMConfig, completed
from trm.config.overrides import FROM_DATA, validated
from trm.config.training import TrainingConfig
from trm.plugins.code import config_class_of
from trm.specs import PresetSpec, TaskSpec

OPTIONS = ("dataset", "augmentation", "starts_from")
"""Fields of a preset beside the settings of task, model and training."""

FROM_THE_DATA = "from the data"
"""Stands in place of a value that the data determines."""


def effective_settings(spec: TaskSpec, preset: PresetSpec) -> dict[str, Any]:
    """All settings of a preset, as `RunConfig` names them.

    These are task, preset, dataset, augmentation, starts_from, task_config, model and training. What the data determines
    has the value `FROM_THE_DATA`. Reads no data and imports no torch.

    Raises:
        UsageError: a value of the preset is invalid.
    """
    task = validated(config_class_of(spec), preset.task, "task")
    training = validated(TrainingConfig, preset.training, "training")
    augmentation = spec.augmentation_name if preset.augmentation is None else preset.augmentation or None
    return {
        "task": spec.name,
        "preset": preset.name,
        "dataset": preset.dataset or spec.dataset_name,
        "augmentation": augmentation,
        "starts_from": preset.starts_from,
        "task_config": task.model_dump(mode="json"),
        "model": _model(preset.model),
        "training": training.model_dump(mode="json"),
    }


def _model(settings: Mapping[str, Any]) -> dict[str, Any]:
    complete = TRMConfig.model_construct(**completed(settings)).model_dump(mode="json", exclude=set(FROM_DATA))
    unknown = [*FROM_DATA, *([] if complete["num_puzzles"] else ["num_puzzles"])]
    return complete | dict.fromkeys(unknown, FROM_THE_DATA)


def flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings by the names that `--set` takes; dataset, augmentation and starts_from by their own."""
    sections = {"task_config": "task", "model": "model", "training": "training"}
    for name in OPTIONS:
        yield name, settings[name]
    for key, section in sections.items():
        for name, value in settings[key].items():
            yield f"{section}.{name}", value
