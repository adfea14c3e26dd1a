"""`trm doctor`: what to look at, and to send along, when something does not work."""

from __future__ import annotations

import importlib.metadata
import platform
import traceback
from typing import Any

import click

from trm import __version__
from trm.cli import complete
from trm.cli.common import is_debugging, json_option
from trm.cli.output import echo, print_json
from trm.errors import PluginError, UsageError, described
from trm.extras import EXTRAS
from trm.plugins.included import include_path
from trm.plugins.loading import installed_twice
from trm.plugins.registry import Problem, Registry, get_registry
from trm.specs import TaskSpec

FRAMES = 3
"""Frames of a plugin's traceback that are shown without `--debug`."""

LIBRARIES = ("torch", "numpy", "pydantic", "safetensors", "click", "rich", "pluggy")


@click.command("doctor")
@click.option(
    "--benchmark",
    is_flag=True,
    help="Measure this machine instead: the rate of matrix products and of a few presets, the best number of threads, and "
    "an estimate of the time that each preset takes to train. Takes one to two minutes.",
)
@click.option(
    "--device",
    help="With --benchmark: auto, cpu, cuda, cuda:1, mps, or a plugin's device (default: auto).",
    shell_complete=complete.devices,
)
@click.option(
    "--preset",
    "presets",
    multiple=True,
    metavar="TASK:PRESET",
    help="With --benchmark: measure this preset, too; may be repeated.",
)
@json_option
def command(benchmark: bool, device: str | None, presets: tuple[str, ...], as_json: bool) -> None:
    """Show versions, devices, plugins and their problems, and the cache; or measure this machine."""
    if benchmark:
        from trm.cli.benchmark import run_benchmark

        run_benchmark(device or "auto", presets, as_json)
        return
    if device is not None or presets:
        raise UsageError(f"{'--device' if device is not None else '--preset'} needs --benchmark.")
    registry = get_registry()
    report = {
        "trm": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "libraries": {name: _version(name) for name in LIBRARIES},
        "extras": _extras(),
        "devices": _devices(),
        "plugins": [
            {"name": plugin.name, "distribution": plugin.distribution, "version": plugin.version}
            for plugin in registry.plugins
        ],
        "include_path": [str(path) for path in include_path()],
        "problems": [*map(str, registry.problems), *installed_twice(), *_missing_weights(registry)],
        "tracebacks": {problem.plugin.name: lines for problem in registry.problems if (lines := _traceback(problem))},
        "cache": _cache(),
    }
    if as_json:
        print_json(report)
    else:
        _print(report, registry.problems)


def _missing_weights(registry: Registry) -> list[str]:
    """A sentence for every file of shipped weights that does not exist."""
    from trm.plugins.code import file_of

    missing = []
    for name, entry in registry.tasks().items():
        assert isinstance(entry.spec, TaskSpec)
        for preset in entry.spec.presets:
            try:
                path = file_of(preset.weights) if preset.weights else None
            except PluginError as error:
                missing.append(f"Weights of preset {preset.name!r} of task {name!r}: {error}")
                continue
            if path is not None and not path.is_file():
                missing.append(
                    f"Weights of preset {preset.name!r} of task {name!r}: {path} does not exist. Reinstall {entry.plugin}."
                )
    return missing


def _traceback(problem: Problem) -> list[str]:
    """The last frames inside the plugin; with `--debug` the whole traceback. Empty if the plugin raised nothing."""
    if problem.error is None:
        return []
    if is_debugging():
        return "".join(traceback.format_exception(problem.error)).splitlines()
    from trm.plugins.code import plugin_frames

    frames = plugin_frames(problem.error, problem.plugin)[-FRAMES:]
    return [line for frame in frames for line in frame.splitlines()]


def _extras() -> dict[str, dict[str, str]]:
    """The packages of each extra with their versions."""
    found: dict[str, dict[str, str]] = {}
    for extra, package in EXTRAS.values():
        found.setdefault(extra, {})[package] = _version(package)
    return dict(sorted(found.items()))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _devices() -> list[dict[str, str]]:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        return [{"name": "none", "state": f"torch cannot be imported: {error}"}]
    from trm.devices.select import make_backend

    rows = []
    for spec in get_registry().backends():
        try:
            backend = make_backend(spec)
            reason = backend.unavailable()
            state = f"unavailable: {reason}" if reason else backend.describe()
        except Exception as error:  # a plugin's backend must not stop the report
            state = f"failed: {described(error)}"
        rows.append({"name": spec.name, "state": state})
    return rows


def _cache() -> dict[str, Any]:
    from trm.data.cache import cache_folder

    folder = cache_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0
    return {"folder": str(folder), "MiB": round(size / 2**20, 1)}


def _described(extra: str, packages: dict[str, str]) -> str:
    return f"{extra} ({', '.join(f'{name} {version}' for name, version in packages.items())})"


def _print(report: dict[str, Any], problems: list[Problem]) -> None:
    echo(f"trm {report['trm']}, Python {report['python']}")
    echo("Libraries: " + ", ".join(f"{name} {version}" for name, version in report["libraries"].items()))
    echo("Extras: " + ", ".join(_described(extra, packages) for extra, packages in report["extras"].items()))
    echo("Devices:")
    for device in report["devices"]:
        echo(f"  {device['name']}: {device['state']}")
    echo("Plugins:")
    for plugin in report["plugins"]:
        echo(f"  {plugin['name']}: {plugin['distribution']} {plugin['version']}")
    for path in report["include_path"]:
        echo(f"Include path: {path}")
    echo("Problems:" if report["problems"] else "Problems: none")
    tracebacks = {str(problem): _traceback(problem) for problem in problems}
    for text in report["problems"]:
        echo(f"  {text}")
        for line in tracebacks.get(text, ()):
            echo(f"    {line}")
    echo(f"Cache: {report['cache']['folder']} ({report['cache']['MiB']} MiB)")
