"""Shell completion of tasks, presets, devices and settings, through Click."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a task."""
    from trm.plugins.registry import get_registry

    return _items(((name, entry.spec.summary) for name, entry in get_registry().tasks().items()), incomplete)


def presets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a preset of the task on the command line."""
    spec = _task(ctx)
    return _items(((preset.name, preset.summary) for preset in spec.presets), incomplete) if spec else []


def devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a device. All registered devices are offered, whether the hardware is present or not."""
    from trm.plugins.registry import get_registry

    known = [(spec.name, spec.summary) for spec in get_registry().backends()]
    return _items([("auto", "the best available device"), *known], incomplete)


def settings(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the argument of ``--set``: the settings of the task on the command line, or the values after the ``=``."""
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
    if equals and path == "model.mixing":
        return _items(((f"{path}={name}", summary) for name, summary in _mixers()), incomplete)
    if equals and path in fields:
        return _items(((f"{path}={value}", "") for value in _values(fields[path].annotation)), incomplete)
    return _items(((f"{name}=", field.description or "") for name, field in fields.items()), incomplete)


def checkpoints(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a path; the shell does that itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a run folder: the runs in `runs` and in the folder that is being typed; the shell adds other folders."""
    from click.shell_completion import CompletionItem

    return [*_items(_run_folders(incomplete), incomplete), CompletionItem(incomplete, type="dir")]


def _run_folders(incomplete: str) -> Iterable[tuple[str, str]]:
    """Run folders, with a trailing slash for each folder on the way to them."""
    return ()


def _task(ctx: click.Context) -> Any:
    """The task on the command line; None if there is none yet.

    Click does not parse the arguments of a line that ends in an option without a value, so this reads the words itself.
    """
    from click.shell_completion import split_arg_string

    from trm.plugins.registry import get_registry

    known = get_registry().tasks()
    words = [ctx.params.get("task"), *split_arg_string(os.environ.get("COMP_WORDS", ""))]
    return next((known[word].spec for word in words if word in known), None)


def _mixers() -> Iterable[tuple[str, str]]:
    """The names and summaries of the mixers."""
    from trm.plugins.registry import get_registry
    from trm.specs import ANY_TASK, MixerSpec

    return [(name, entry.spec.summary) for name, entry in get_registry().entries_of(MixerSpec, ANY_TASK).items()]


def _values(annotation: Any) -> Iterable[str]:
    """The possible values of a literal or boolean type, which may be optional; empty for other types."""
    from typing import Literal, get_args, get_origin

    if get_origin(annotation) is Literal:
        return map(str, get_args(annotation))
    if annotation is bool:
        return ("true", "false")
    return [value for part in get_args(annotation) for value in _values(part)]


def _items(known: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=text or None) for name, text in known if name.startswith(incomplete)]
