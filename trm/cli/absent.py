"""Options that are given as `none`, `None`, `null` or `unset`."""

from __future__ import annotations

import copy
from typing import Any

import click

from trm.words import means_absent


class NameOrNone(click.types.StringParamType):
    """A name, or "none", which differs from omitting the option: it overrides what a preset says."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return "none" if means_absent(value) else super().convert(value, param, ctx)


NAME_OR_NONE = NameOrNone()


def let_options_be_absent(command: click.Command) -> None:
    """Let `none`, `null` and `unset` stand for an option that is not given, wherever an option has no default."""
    if isinstance(command, click.Group):
        for part in command.commands.values():
            let_options_be_absent(part)
    for option in command.params:
        if isinstance(option, click.Option) and _may_be_absent(option):
            option.type = _or_absent(option.type)


def _may_be_absent(option: click.Option) -> bool:
    has_default = option.to_info_dict()["default"] is not None
    return not (has_default or option.required or option.multiple or option.is_flag or option.type is NAME_OR_NONE)


def _or_absent(kind: click.ParamType[Any]) -> click.ParamType[Any]:
    """The same type of values, in which `none` stands for no value."""
    tolerant = copy.copy(kind)
    convert = kind.convert
    tolerant.convert = lambda value, *others: None if means_absent(str(value)) else convert(value, *others)  # type: ignore[method-assign]
    return tolerant
