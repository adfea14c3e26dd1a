"""What the shell offers on Tab: Click's own completion, told of the tasks, presets, devices and settings there are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The tasks."""
    from trm.plugins.registry import get_registry

    return _items(((name, entry.spec.summary) for name, entry in get_registry().tasks().items()), incomplete)


def presets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The presets of the task on the line."""
    spec = _task(ctx)
    return _items(((preset.name, preset.summary) for preset in spec.presets), incomplete) if spec else []


def devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The devices that are registered, whether there is such hardware or not."""
    from trm.plugins.registry import get_registry

    known = [(spec.name, spec.summary) for spec in get_registry().backends()]
    return _items([("auto", "the best there is"), *known], incomplete)


def settings(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The settings that ``--set`` takes for the task on the line; behind the ``=`` the values, where they are few."""
    spec = _task(ctx)
    if spec is None:
        return []
    from trm.config import TrainingConfig, TRMConfig
    from trm.config.overrides import FROM_DATA
    from trm.plugins.code import config_class_of

    sections: dict[str, Any] = {"task": config_class_of(spec), "model": TRMConfig, "training": TrainingConfig}
    fields = {
        f"{section}.{name}": field
        for section, config_class in sections.items()
        for name, field in config_class.model_fields.items()
        if name not in FROM_DATA
    }
    path, equals, _ = incomplete.partition("=")
    if equals and path in fields:
        return _items(((f"{path}={value}", "") for value in _values(fields[path].annotation)), incomplete)
    return _items(((f"{name}=", field.description or "") for name, field in fields.items()), incomplete)


def checkpoints(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders and files; the shell itself knows them."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _task(ctx: click.Context) -> Any:
    """The task on the line, None where there is none yet.

    Click has not read the arguments of a line that ends in an option without its value, so the words are looked at.
    """
    from click.shell_completion import split_arg_string

    from trm.plugins.registry import get_registry

    known = get_registry().tasks()
    words = [ctx.params.get("task"), *split_arg_string(os.environ.get("COMP_WORDS", ""))]
    return next((known[word].spec for word in words if word in known), None)


def _values(annotation: Any) -> Iterable[str]:
    """The values of a literal or a truth value, also where it may be None."""
    from typing import Literal, get_args, get_origin

    if get_origin(annotation) is Literal:
        return map(str, get_args(annotation))
    if annotation is bool:
        return ("true", "false")
    return [value for part in get_args(annotation) for value in _values(part)]


def _items(known: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=text or None) for name, text in known if name.startswith(incomplete)]
