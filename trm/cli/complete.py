"""Shell completion through Click: tasks, presets, settings and their values, weights, runs, metrics, checks, devices."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
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


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a path; the shell does that itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def weights(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a task, or `task:preset`, that ships weights."""
    return _items(_shipped(), incomplete)


def checkpoints(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete weights: a run, shipped weights, or a path. The path comes first, as Click's scripts want it."""
    return [*files(ctx, param, incomplete), *_items([*_shipped(), *_run_folders(incomplete)], incomplete)]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a run folder, or a folder of runs."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir"), *_items(_run_folders(incomplete), incomplete)]


def plotted(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what `trm plot` takes: runs, and with another `--kind` than curves also shipped weights."""
    shipped = [] if ctx.params.get("kind") in (None, "curves") else _items(_shipped(), incomplete)
    return [*runs(ctx, param, incomplete), *shipped]


def metrics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a metric of the task, of the weights or of the run on the command line."""
    from trm.plugins.registry import get_registry
    from trm.specs import ANY_TASK, MetricSpec

    spec = _task(ctx)
    known = get_registry().parts(MetricSpec, spec.name if spec else ANY_TASK)
    return _items(((name, metric.summary) for name, metric in known.items()), incomplete)


def curves(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a quantity that `trm plot` can draw: those of the runs on the command line."""
    from trm.errors import TRMError
    from trm.runs.listing import expanded

    paths = [Path(word) for word in _words(ctx) if Path(word).is_dir()]
    try:
        known = [name for run in expanded(paths) if run.history for name in run.history.metrics()]
    except TRMError:  # not a run; the command itself says so
        known = []
    return _items(((name, "") for name in dict.fromkeys(known or ("loss", "exact_accuracy"))), incomplete)


def checks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a check of the conformance kit."""
    from trm.testing.run import CHECKS

    summaries = ((name, (check.__doc__ or "").split("\n")[0]) for name, check in CHECKS.items())
    return _items(summaries, incomplete)


def datasets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a dataset of the task on the command line."""
    from trm.plugins.registry import get_registry
    from trm.specs import DatasetSpec

    spec = _task(ctx)
    known = get_registry().parts(DatasetSpec, spec.name) if spec else {}
    return _items(((name, part.summary) for name, part in known.items()), incomplete)


def _shipped() -> Iterable[tuple[str, str]]:
    """The names of all shipped weights: `sudoku`, `sudoku:quick`, ..."""
    from trm.plugins.registry import get_registry

    for name, entry in get_registry().tasks().items():
        shipping = [preset for preset in getattr(entry.spec, "presets", ()) if preset.weights]
        if shipping:
            yield name, f"the weights of preset {shipping[0].name}"
            yield from ((f"{name}:{preset.name}", preset.summary) for preset in shipping)


def _run_folders(incomplete: str) -> Iterable[tuple[str, str]]:
    """The runs in the folder that is being typed; without one, those in `runs`."""
    from trm.runs.names import is_run

    start, slash, _ = incomplete.rpartition("/")
    folder = Path(start + slash) if slash else Path("runs")
    try:
        found = sorted(path for path in folder.iterdir() if is_run(path))
    except OSError:
        return ()
    return [(str(path), "a run") for path in found]


def _words(ctx: click.Context) -> list[str]:
    """The words on the command line.

    Click does not parse the arguments of a line that ends in an option without a value, so this reads the words itself.
    """
    from click.shell_completion import split_arg_string

    given = [word for value in ctx.params.values() for word in (value if isinstance(value, tuple) else (value,))]
    return [*(str(word) for word in given if word), *split_arg_string(os.environ.get("COMP_WORDS", ""))]


def _task(ctx: click.Context) -> Any:
    """The task on the command line, the task of shipped weights, or the task of a run; None if there is none yet."""
    from trm.plugins.registry import get_registry

    known = get_registry().tasks()
    for word in _words(ctx):
        name = word.partition(":")[0]
        name = name if name in known else _task_of_run(Path(word))
        if name in known:
            return known[name].spec
    return None


def _task_of_run(path: Path) -> str:
    """The task of a run folder or a checkpoint in it; empty if it is none."""
    import json

    for folder in (path, path.parent.parent):
        try:
            return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["task"])
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return ""


def _mixers() -> Iterable[tuple[str, str]]:
    """The names and summaries of the mixers."""
    from trm.plugins.registry import get_registry
    from trm.specs import ANY_TASK, MixerSpec

    return [(name, entry.spec.summary) for name, entry in get_registry().entries_of(MixerSpec, ANY_TASK).items()]


def _values(annotation: Any) -> Iterable[str]:
    """The possible values of a literal, boolean or enumeration, which may be optional; empty for other types."""
    from enum import Enum
    from typing import Literal, get_args, get_origin

    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return map(str, get_args(annotation))
    if annotation is bool:
        return ("true", "false")
    values = [value for part in get_args(annotation) for value in _values(part)]
    return [*values, "none"] if type(None) in get_args(annotation) else values


def _items(known: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=text or None) for name, text in known if name.startswith(incomplete)]
