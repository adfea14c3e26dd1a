"""Going on with a run under other settings: what differs is named, and refused unless it stays the same training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from trm.config import RunConfig, TrainingConfig
from trm.config.overrides import Overrides, validated
from trm.errors import UsageError
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry

ENDS = ("num_epochs", "max_steps")
SAFE = (
    *ENDS,
    "max_skipped_steps",
    "log_interval",
    "eval_interval",
    "eval_examples",
    "eval_batch_size",
    "n_supervision_eval",
    "eval_answer",
    "save_interval",
    "keep_checkpoints",
)
"""Settings of the training that no step's computation depends on: when it ends, what is told, scored and kept."""


def changed_run(
    run: RunConfig, sets: Iterable[str], options: Mapping[str, Any], step: int
) -> tuple[RunConfig, list[str]]:
    """The settings to go on with.

    Args:
        run: the run as it was saved.
        sets: `--set` items.
        options: further values that were asked for, by the name of their field in `RunConfig`.
        step: where the run goes on.

    Returns:
        The run with the changed settings, and sentences that name what is different.

    Raises:
        UsageError: something differs that would make it another training.
    """
    overrides = _overrides(run, sets)
    saved = run.model_dump(mode="json")
    refused = [_difference(f"--{name}", saved[name], value) for name, value in options.items() if saved[name] != value]
    changes = {}
    for section, key in (("task", "task_config"), ("model", "model"), ("training", "training")):
        for name, value in getattr(overrides, section).items():
            old = saved[key].get(name)
            if old == json.loads(json.dumps(value)):
                continue
            difference = _difference(f"{section}.{name}", old, value)
            if section == "training" and name in SAFE:
                changes[name] = difference
            else:
                refused.append(difference)
    if refused:
        raise UsageError(
            f"Another training than the run's: {'; '.join(refused)}. Leave that out to go on with the run, or start a new "
            "one from its weights with --init."
        )
    training = validated(TrainingConfig, {**saved["training"], **overrides.training}, "training")
    history = [*run.changes, *(f"step {step}: {difference}" for difference in changes.values())]
    return run.model_copy(update={"training": training, "changes": history}), [*_notes(training, changes)]


def version_notes(run: RunConfig, here: Mapping[str, str]) -> list[str]:
    """A sentence if the run was made with other versions, which may not compute the same to the last bit."""
    differ = [f"{name} {old}, here {here[name]}" for name, old in run.versions.items() if here.get(name, old) != old]
    if not differ:
        return []
    return [f"The run was started with {'; '.join(differ)}: it may not go on as it would have, to the last bit."]


def _overrides(run: RunConfig, sets: Iterable[str]) -> Overrides:
    overrides = Overrides.parse(sets, config_class_of(get_registry().task(run.task or "")))
    ends = [name for name in ENDS if name in overrides.training]
    if len(ends) == 1:  # whoever sets one end means that one
        overrides.training |= {name: None for name in ENDS if name not in ends}
    return overrides


def _difference(name: str, old: Any, new: Any) -> str:
    return f"{name} {_shown(new)} instead of {_shown(old)}"


def _shown(value: Any) -> str:
    return "unset" if value is None else json.dumps(value, ensure_ascii=False)


def _notes(training: TrainingConfig, changes: Mapping[str, str]) -> Iterable[str]:
    if changes:
        yield f"Going on with other settings: {'; '.join(changes.values())}."
    if training.schedule != "constant" and any(name in changes for name in ENDS):
        yield (
            f"Its {training.schedule} schedule follows the new end from here on: the weights will not be those of a run "
            "that had this end from the start."
        )
