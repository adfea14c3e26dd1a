"""The values of a setting in a sweep: a list such as `32,64`, or a range to search such as `1e-4..1e-2:log`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from trm.config.overrides import Overrides
from trm.errors import UsageError
from trm.runs.differences import setting_text

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
RANGE = re.compile(rf"\s*({NUMBER})\.\.({NUMBER})(?::([^:,]*))?\s*")
OPENING, CLOSING = "[({", "])}"
INSIDE = 0.3141
"""A place in a range, as a share of it, that is no whole number: tells settings that take fractions from others."""


@dataclass(frozen=True)
class Choices:
    """A setting with the values to try; a single value is the same in all trials.

    Attributes:
        name: the setting, with its section.
        values: the values, as JSON has them, each once.
    """

    name: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return ", ".join(map(setting_text, self.values))

    def as_json(self) -> Any:
        return list(self.values)

    @property
    def examples(self) -> tuple[Any, ...]:
        """The values that are checked before the first training."""
        return self.values


@dataclass(frozen=True)
class Range:
    """A setting to search between two numbers.

    Attributes:
        name: the setting, with its section.
        low: the lowest value.
        high: the highest value.
        step: the distance of the values; None for any value.
        log: whether the search is uniform in the logarithm.
        whole: whether only whole numbers are possible.
    """

    name: str
    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    def __str__(self) -> str:
        how = ", logarithmic" if self.log else f" in steps of {self.step:g}" if self.step is not None else ""
        return f"{self.low:g} to {self.high:g}{how}"

    def as_json(self) -> Any:
        return {"low": self.low, "high": self.high, "step": self.step, "log": self.log, "whole": self.whole}

    @property
    def examples(self) -> tuple[Any, ...]:
        """The values that are checked before the first training."""
        return (self.low, self.high)


Parameter = Choices | Range


def from_json(name: str, value: Any) -> Parameter:
    """The inverse of `as_json`."""
    return Range(name, **value) if isinstance(value, Mapping) else Choices(name, tuple(value))


def parameters_of(items: Iterable[str], config_class: type[BaseModel]) -> tuple[Parameter, ...]:
    """Read `section.field=values` items.

    Args:
        items: as `--set` takes them in a sweep.
        config_class: the class of the task's settings.

    Raises:
        UsageError: an unknown setting, a value that the setting does not take, a malformed range, or a setting that is
            given twice.
    """
    found: dict[str, Parameter] = {}
    for item in items:
        parameter = _parameter(item, config_class)
        if parameter.name in found:
            values = f"{found[parameter.name]},{parameter}".replace(" ", "")
            raise UsageError(
                f"--set {item}: {parameter.name} is given twice. List its values: {parameter.name}={values}."
            )
        found[parameter.name] = parameter
    return tuple(found.values())


def items_of(settings: Mapping[str, Any]) -> list[str]:
    """Settings from Python as `--set` items: a list is several values, a text is read as `--set` reads it."""
    items = []
    for name, value in settings.items():
        if isinstance(value, str):
            text = value
        else:
            text = ",".join(json.dumps(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
        items.append(f"{name}={text}")
    return items


def setting_items(values: Mapping[str, Any]) -> list[str]:
    """The values of a trial as `--set` items of `trm train`."""
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]


def split_values(text: str) -> list[str]:
    """Split at the commas that are outside brackets and double quotes, as in `[0.9,0.95],[0.9,0.99]`."""
    parts, depth, quoted, escaped = [""], 0, False, False
    for character in text:
        if character == '"' and not escaped:
            quoted = not quoted
        elif not quoted:
            depth += (character in OPENING) - (character in CLOSING)
        if character == "," and depth <= 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
        escaped = quoted and character == "\\" and not escaped
    return [part.strip() for part in parts]


def _parameter(item: str, config_class: type[BaseModel]) -> Parameter:
    name, equals, text = (part.strip() for part in item.partition("="))
    if not equals:
        raise UsageError(f"--set {item}: expected section.field=values, as in training.learning_rate=0.001,0.002.")
    name = name if "." in name else f"task.{name}"
    match = RANGE.fullmatch(text)
    if match is not None:
        return _range(name, match, config_class)
    texts = split_values(text)
    if not all(texts) and len(texts) > 1:
        raise UsageError(f"--set {item}: there is an empty value between the commas.")
    try:
        values = [_value(name, one, config_class) for one in texts]
    except UsageError as error:
        if len(texts) > 1 and _takes(name, text, config_class):
            raise UsageError(
                f"--set {item}: commas separate the values of a sweep. Write a list in brackets: {name}=[{text}]."
            ) from error
        raise
    return Choices(name, tuple({json.dumps(value): value for value in values}.values()))


def _value(name: str, text: str, config_class: type[BaseModel]) -> Any:
    """One value, as JSON has it."""
    read = Overrides.parse([f"{name}={text}"], config_class)
    value: Any = {"task": read.task, "model": read.model, "training": read.training}
    for part in name.split("."):
        value = value[part]
    return value


def _range(name: str, match: re.Match[str], config_class: type[BaseModel]) -> Range:
    low_text, high_text, how = match.groups()
    low, high, text = float(low_text), float(high_text), f"{name}={match[0].strip()}"
    _value(name, low_text, config_class)
    _value(name, high_text, config_class)
    if low >= high:
        raise UsageError(f"--set {text}: the range must rise from its first number to its second.")
    whole = not _takes(name, repr(low + INSIDE * (high - low)), config_class)
    step = None if how in (None, "log") else _step(text, how)
    if how == "log" and low <= 0:
        raise UsageError(f"--set {text}: a logarithmic range must begin above 0.")
    if whole and not all(number.is_integer() for number in (low, high, step or 1.0)):
        raise UsageError(f"--set {text}: {name} takes whole numbers only.")
    if whole:
        return Range(name, int(low), int(high), None if step is None else int(step), how == "log", whole=True)
    return Range(name, low, high, step, how == "log")


def _step(text: str, how: str) -> float:
    if not re.fullmatch(NUMBER, how.strip()) or float(how) <= 0:
        raise UsageError(f"--set {text}: write a range as LOW..HIGH, LOW..HIGH:log or LOW..HIGH:STEP.")
    return float(how)


def _takes(name: str, text: str, config_class: type[BaseModel]) -> bool:
    """Whether a setting takes a value."""
    try:
        _value(name, text, config_class)
    except UsageError:
        return False
    return True
