"""The command that repeats a training, from what its run recorded."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trm.config import RunConfig
from trm.config.overrides import FROM_DATA
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.portable import portable_weights, without_folders
from trm.runs.differences import setting_text

LEFT_OUT = frozenset({*FROM_DATA, "num_puzzles", "output_dir"})
"""Settings that the data decides, and the output folder."""


def training_command(run: RunConfig) -> str | None:
    """The `trm train` command with the settings of a run.

    Returns:
        The command, without the folders of this machine; None for imported weights, and for a run that the installed
        presets cannot repeat.
    """
    if run.task is None or run.training is None:
        return None
    try:
        wanted = Experiment.from_run(run)
        plain = Experiment.from_preset(run.task, run.preset)
        sets = list(_changes(wanted, plain))
        choices = {
            "dataset": None if wanted.task.dataset == plain.task.dataset else wanted.task.dataset,
            "augmentation": _augmentation(wanted, plain),
        }
        repeated = Experiment.from_preset(run.task, run.preset, sets, **choices, data=wanted.task.data, seed=run.seed)
    except UsageError:  # an unknown preset, or a setting that it no longer has
        return None
    if _settings(repeated) != _settings(wanted):
        return None
    options = {
        "preset": run.preset,
        **choices,
        "data": run.data and Path(run.data).name,
        "init": portable_weights(run.init),
    }
    words = ["trm", "train", run.task]
    words += [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
    words += ["--seed", str(run.seed)]
    words += [word for item in sets for word in ("--set", item)]
    words += [word for metric in run.metrics for word in ("--metric", metric)]
    return shlex.join(map(without_folders, words))


def _changes(wanted: Experiment, plain: Experiment) -> Iterator[str]:
    before = _settings(plain)
    for section, values in _settings(wanted).items():
        for name, value in values.items():
            if value != before[section].get(name):
                yield f"{section}.{name}={_text(value)}"


def _settings(experiment: Experiment) -> Mapping[str, dict[str, Any]]:
    sections = {
        "task": experiment.task.config,
        "model": experiment.expected_model(),
        "training": experiment.training,
    }
    return {
        section: {name: value for name, value in settings.model_dump(mode="json").items() if name not in LEFT_OUT}
        for section, settings in sections.items()
        if settings is not None
    }


def _augmentation(wanted: Experiment, plain: Experiment) -> str | None:
    own = wanted.task.augmentation_name
    return None if own == plain.task.augmentation_name else own or "none"


def _text(value: Any) -> str:
    """A setting's value as `--set` takes it."""
    if isinstance(value, float):
        return repr(value)  # all digits, unlike in a table
    return json.dumps(value) if isinstance(value, (list, dict)) else setting_text(value)
