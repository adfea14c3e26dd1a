"""In which settings runs differ, under the names that `--set` and the options of `trm train` take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trm.config import RunConfig
from trm.config.overrides import FROM_DATA
from trm.config.run import PROVENANCE
from trm.runs.history import History

MOST_IN_A_LABEL = 3


def settings_of(config: RunConfig, provenance: bool = False) -> dict[str, Any]:
    """The settings of a run by name: `seed`, `preset`, `task.size`, `training.learning_rate`, ...

    Args:
        config: the run's `config.json`.
        provenance: also include versions and the repository's revision.
    """
    left_out: dict[str, Any] = {"model": set(FROM_DATA), "training": {"output_dir"}}
    dumped = config.model_dump(
        mode="json", exclude=left_out if provenance else left_out | dict.fromkeys(PROVENANCE, True)
    )
    task_config = dumped.pop("task_config")
    return {"task": dumped.pop("task"), **dict(_flattened({"task": task_config, **dumped}))}


def differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """The names of the settings with several values among the runs that have them."""
    known = dict.fromkeys(name for values in settings for name in values)
    return [name for name in known if len({repr(values[name]) for values in settings if name in values}) > 1]


def labels(histories: Sequence[History], folders: Sequence[str]) -> list[str]:
    """A label for each run: the settings that tell it from the others, as in "seed=1, task.size=4".

    Runs with equal settings, or with too many that differ, are labelled by their folder.

    Args:
        histories: the runs.
        folders: an unambiguous name of each run folder.
    """
    settings = [settings_of(history.config) for history in histories]
    chosen = differing(settings)
    if len(chosen) > MOST_IN_A_LABEL:  # presets differ in many settings at once
        chosen = [name for name in ("task", "preset", "seed") if name in chosen]
    texts = [described({name: values.get(name) for name in chosen}) for values in settings]
    if len(set(texts)) == len(texts) and all(texts):
        return texts
    if len(chosen) > 0 and len(differing(settings)) <= MOST_IN_A_LABEL:
        return [f"{text} ({folder})" for text, folder in zip(texts, folders, strict=True)]
    return list(folders)


def described(settings: dict[str, Any]) -> str:
    """Settings as text: "training.learning_rate=0.001, seed=1"."""
    return ", ".join(f"{name}={setting_text(value)}" for name, value in settings.items())


def setting_text(value: Any) -> str:
    """A setting's value as `--set` takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def same_but_for_seed(settings: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Groups of the indices of runs that have equal settings but different seeds; other runs are alone in their group."""
    groups: dict[str, list[int]] = {}
    for index, values in enumerate(settings):
        key = repr({name: value for name, value in values.items() if name != "seed"})
        groups.setdefault(key, []).append(index)
    result: list[list[int]] = []
    for indices in groups.values():
        seeds = {settings[index].get("seed") for index in indices}
        result += [indices] if len(seeds) == len(indices) else [[index] for index in indices]
    return sorted(result)


def _flattened(values: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
