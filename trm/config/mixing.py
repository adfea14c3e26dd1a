"""A mixer's own settings: `TRMConfig.mixing_options`, validated by the class that its plugin names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from trm.errors import PluginError, nearest, quoted
from trm.plugins.code import load
from trm.specs import MixerSpec


def parse_options(mixer: MixerSpec, values: Any) -> BaseModel | None:
    """The settings of a mixer; None if it has none.

    Raises:
        ValueError: an unknown or invalid setting.
        PluginError: the spec does not refer to a pydantic model.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"mixing_options must map names to values, got {quoted(values)}")
    if mixer.options is None:
        if values:
            raise ValueError(f"mixing_options: mixer {mixer.name!r} has no options, got {quoted(next(iter(values)))}")
        return None
    options_class = load(mixer.options)
    if not (isinstance(options_class, type) and issubclass(options_class, BaseModel)):
        raise PluginError(f"The options of mixer {mixer.name!r}, {mixer.options}, are not a pydantic model.")
    try:
        return options_class.model_validate(dict(values))
    except ValidationError as error:
        raise ValueError(_sentence(error, mixer, options_class)) from None


def complete_options(mixer: MixerSpec, values: Any) -> dict[str, Any]:
    """The settings of a mixer with the defaults filled in, as JSON values.

    Raises:
        ValueError: an unknown or invalid setting.
        PluginError: the spec does not refer to a pydantic model.
    """
    options = parse_options(mixer, values)
    return {} if options is None else options.model_dump(mode="json")


def _sentence(error: ValidationError, mixer: MixerSpec, options_class: type[BaseModel]) -> str:
    problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden":
        return f"mixer {mixer.name!r} has no option {quoted(name)}. {nearest(name, options_class.model_fields)}"
    place = ".".join(["mixing_options", *map(str, problem["loc"])])
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"
