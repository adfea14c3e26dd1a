"""From a task, a preset and ``--set a.b=c`` to checked settings, with a sentence for everything that can be wrong."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from trm.config import TrainingConfig, TRMConfig
from trm.errors import UsageError, nearest, quoted
from trm.specs import PresetSpec, TaskSpec
from trm.words import means_absent

SECTIONS = ("task", "model", "training")
ENDS = ("num_epochs", "max_steps")
FROM_DATA = ("vocab_size", "context_length", "structure")
"""Model fields that the data decides."""

LIST_WANTED = ("tuple_type", "list_type", "set_type")
"""Pydantic's names of the error that a value is not a list."""

MIXING_OPTIONS = "model.mixing_options"


@dataclass
class Overrides:
    """Values of ``--set`` by section."""

    task: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, items: Iterable[str], config_class: type[BaseModel]) -> Overrides:
        """Read ``section.field=value`` items; a bare ``field=value`` is a field of the task.

        Raises:
            UsageError: malformed, an unknown field (the nearest names are given), or a value of the wrong type or range.
        """
        overrides = cls()
        classes: dict[str, type[BaseModel]] = {"task": config_class, "model": TRMConfig, "training": TrainingConfig}
        for item in items:
            path, equals, text = item.partition("=")
            if not equals:
                raise UsageError(f"--set {item}: expected section.field=value, as in training.learning_rate=0.001.")
            section, name = _section(path)
            if section == MIXING_OPTIONS:  # the mixer's own class validates them, once the mixer is known
                overrides.model.setdefault("mixing_options", {})[name] = next(readings(text))
                continue
            if section not in classes:
                raise UsageError(f"--set {item}: there is no section {section!r}. {nearest(section, SECTIONS)}")
            _check_section(classes, section, name)
            value = check_field(classes[section], f"{section}.{name}", name, text)
            getattr(overrides, section)[name] = value
        return overrides


def _section(path: str) -> tuple[str, str]:
    """The section and the field that ``section.field`` names; without a section, a field of the task."""
    section, _, name = path.strip().rpartition(".")
    return section or "task", name


def _check_section(classes: Mapping[str, type[BaseModel]], section: str, name: str) -> None:
    """Raise `UsageError` for a field of another section."""
    owners = [f"{other}.{name}" for other, config_class in classes.items() if name in config_class.model_fields]
    if owners and f"{section}.{name}" not in owners:
        raise UsageError(f"There is no setting {f'{section}.{name}'!r}. Did you mean {' or '.join(map(repr, owners))}?")


def changed_preset(preset: PresetSpec, changes: Overrides) -> PresetSpec:
    """A preset with changed settings."""
    return replace(
        preset,
        task={**preset.task, **changes.task},
        model=merged_model(preset.model, changes.model),
        training=merged_training(preset.training, changes.training),
    )


def merged_training(preset: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's training settings with changes. Setting one of the two ends replaces the preset's other one."""
    given = [name for name in ENDS if changes.get(name) is not None]
    replaced = {name: None for name in ENDS if name not in given} if given else {}
    return {**preset, **replaced, **changes}


def merged_model(preset: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's model settings with overrides.

    An override of one of the mixer's options keeps the preset's other options, unless the mixer itself is overridden.
    """
    merged = {**preset, **overrides}
    if "use_attention" in overrides and "mixing" not in overrides:
        merged["mixing"] = None  # else the preset's mixing would win over what was asked for
    mixer_stays = merged.get("mixing") == preset.get("mixing")
    options = {**(preset.get("mixing_options", {}) if mixer_stays else {}), **overrides.get("mixing_options", {})}
    return merged | ({"mixing_options": options} if options or "mixing_options" in merged else {})


def check_field(config_class: type[BaseModel], path: str, name: str, given: Any) -> Any:
    """Read the value of one field.

    Args:
        config_class: the section's settings.
        path: the field with its section, for messages.
        name: the field.
        given: its value: a text as people write it, or what JSON or YAML can hold.

    Returns:
        The value as JSON has it; of a text, the first of its `readings` that the field takes.

    Raises:
        UsageError: there is no such field, or the field does not take the value.
    """
    known = [field_name for field_name in config_class.model_fields if field_name not in FROM_DATA]
    if name not in known:
        raise UsageError(f"There is no setting {path!r}. {nearest(name, known)}")
    info = config_class.model_fields[name]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[info.annotation, info])  # type: ignore[arg-type]
    refused: list[tuple[Any, ValidationError]] = []
    for value in readings(given, _choices(info.annotation)) if isinstance(given, str) else (given,):
        try:
            return adapter.dump_python(adapter.validate_python(value), mode="json")
        except ValidationError as problem:
            refused.append((value, problem))
    wants_list = len(refused) > 1 and refused[0][1].errors()[0]["type"] in LIST_WANTED
    value, error = refused[-2 if wants_list else 0]
    raise UsageError(f"{path} = {quoted(value)} is not possible: {_sentence(error)}") from None


def readings(text: str, choices: Collection[Any] = ()) -> Iterator[Any]:
    """What a value may mean, the most likely first: nothing, JSON, the text itself, or a list of items between commas.

    Args:
        text: the value as people write it.
        choices: the values that the field names. "none" means one of them before it means nothing.
    """
    text = text.strip()
    if means_absent(text):
        if text in choices:
            yield text
        yield None
    value = _json_or_text(text)
    yield value
    if value != text:
        yield text
    items = [item.strip() for item in text.strip("[]()").split(",") if item.strip()]
    yield [_json_or_text(item) for item in items]
    yield items


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _choices(annotation: Any) -> list[Any]:
    """The values that a literal type names, which may be optional."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def validated(config_class: type[BaseModel], values: Mapping[str, Any], section: str) -> Any:
    """Build settings, turning pydantic's report into one sentence. Relative paths become absolute."""
    try:
        return _absolute(config_class.model_validate(dict(values)))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join([section, *map(str, problem["loc"])])
        raise UsageError(f"{where}: {_sentence(error)}") from None


def _absolute(settings: BaseModel) -> BaseModel:
    """Settings whose paths mean the same files in whatever folder a later command runs."""
    paths = {name: value for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update={name: path.absolute() for name, path in paths.items()})


def changed_task_config(config: BaseModel, sets: Iterable[str]) -> BaseModel:
    """A task's settings with ``--set task.a=b`` applied; a `UsageError` where another section is set."""
    sets = list(sets)
    overrides = Overrides.parse(sets, type(config))
    if overrides.model or overrides.training:
        raise UsageError("Only settings of the task's data (task.NAME=VALUE) can be changed here.")
    changed: BaseModel = validated(type(config), {**config.model_dump(), **overrides.task}, "task")
    return changed


def find_preset(spec: TaskSpec, name: str | PresetSpec | None) -> PresetSpec:
    """Return a preset of a task by name (default: the first preset); a preset as it is."""
    if isinstance(name, PresetSpec):
        return name
    presets = {preset.name: preset for preset in spec.presets}
    if name is None:
        if not presets:
            return PresetSpec(name="default", summary="the fields' defaults")
        return spec.presets[0]
    if name not in presets:
        raise UsageError(f"Task {spec.name!r} has no preset {name!r}. {nearest(name, presets)}")
    return presets[name]


def stages(spec: TaskSpec, preset: PresetSpec) -> list[PresetSpec]:
    """A preset after all presets that it builds on: each starts from the trained weights of the one before.

    Raises:
        UsageError: `starts_from` names a preset that the task does not have, or a preset starts from itself.
    """
    chain = [preset]
    while chain[0].starts_from is not None:
        if chain[0].starts_from in [stage.name for stage in chain]:
            raise UsageError(f"Preset {chain[0].starts_from!r} of task {spec.name!r} starts from itself.")
        chain.insert(0, find_preset(spec, chain[0].starts_from))
    return chain


def _sentence(error: ValidationError) -> str:
    problem = error.errors()[0]
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:] + ("" if message.endswith(".") else ".")
