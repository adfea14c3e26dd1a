"""Everyday spellings of settings: `--epochs 3` stands for `--set training.num_epochs=3`, and so on.

A run records only the settings that they stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import chain
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.specs import TaskSpec


@dataclass(frozen=True)
class Everyday:
    """An option that stands for a setting.

    Attributes:
        option: its name on the command line.
        settings: the setting; for `task.` the names that tasks have for it, of which each task has one or none.
        help: what it is, without a full stop.
    """

    option: str
    settings: tuple[str, ...]
    help: str

    @property
    def parameter(self) -> str:
        """The name of Click's parameter."""
        return self.option.removeprefix("--").replace("-", "_")


EVERYDAY = (
    Everyday("--epochs", ("training.num_epochs",), "Number of passes over the training data"),
    Everyday("--max-steps", ("training.max_steps",), "Number of optimizer steps"),
    Everyday("--batch-size", ("training.batch_size",), "Number of puzzles trained on at once"),
    Everyday("--lr", ("training.learning_rate",), "Peak learning rate"),
    Everyday("--n-train", ("task.train_puzzles", "task.train_examples"), "Number of training puzzles"),
    Everyday("--n-augmentations", ("task.variants",), "Number of variants of a puzzle, if the task fixes it"),
    Everyday("--grid-size", ("task.size", "task.side"), "Number of rows and columns"),
)

everyday_options = chain(
    *(
        click.option(
            everyday.option,
            *(("--learning-rate",) if everyday.option == "--lr" else ()),
            everyday.parameter,
            metavar="X" if everyday.option == "--lr" else "N",
            help=f"{everyday.help} (--set {' or '.join(everyday.settings)}).",
        )
        for everyday in EVERYDAY
    )
)


def with_everyday(sets: Iterable[str], options: Mapping[str, Any], spec: TaskSpec) -> tuple[str, ...]:
    """`--set` items, with those that the everyday options stand for.

    Args:
        sets: the `--set` items on the command line.
        options: the values of the command's options, those of other options included.
        spec: the task.

    Raises:
        UsageError: the task has no such setting, or `--set` gives it another value.
    """
    from trm.plugins.code import config_class_of

    fields = list(config_class_of(spec).model_fields)
    items = list(sets)
    for everyday in EVERYDAY:
        value = options.get(everyday.parameter)
        if value is not None:
            setting = _setting_of(everyday, spec.name, fields)
            _check_once(everyday, setting, value, sets)
            items.append(f"{setting}={value}")
    return tuple(items)


def _setting_of(everyday: Everyday, task: str, fields: Iterable[str]) -> str:
    known = [f"task.{name}" for name in fields]
    for setting in everyday.settings:
        if setting in known or not setting.startswith("task."):
            return setting
    raise UsageError(
        f"Task {task!r} has no setting for {everyday.option}. Its settings are {', '.join(known)}; change one with "
        "--set NAME=VALUE."
    )


def _check_once(everyday: Everyday, setting: str, value: str, sets: Iterable[str]) -> None:
    """Raise `UsageError` if `--set` gives the setting another value than the option."""
    from trm.config.overrides import readings

    for item in sets:
        name, _, text = item.partition("=")
        path = name.strip() if "." in name else f"task.{name.strip()}"
        if path == setting and next(readings(text)) != next(readings(value)):
            raise UsageError(f"{everyday.option} {value} and --set {item.strip()} differ: give one of them.")
