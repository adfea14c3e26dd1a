"""`trm doctor`."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import click

from trm import __version__
from trm.cli.common import json_option
from trm.cli.output import echo, print_json
from trm.plugins.registry import get_registry

LIBRARIES = ("torch", "numpy", "pydantic", "safetensors", "click", "rich", "pluggy")


@click.command("doctor")
@json_option
def command(as_json: bool) -> None:
    """Versions, devices, plugins and their failures, cache."""
    registry = get_registry()
    report = {
        "trm": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "libraries": {name: _version(name) for name in LIBRARIES},
        "devices": _devices(),
        "plugins": [
            {"name": plugin.name, "distribution": plugin.distribution, "version": plugin.version}
            for plugin in registry.plugins
        ],
        "problems": [str(problem) for problem in registry.problems],
        "cache": _cache(),
    }
    if as_json:
        print_json(report)
    else:
        _print(report)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _devices() -> list[dict[str, str]]:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        return [{"name": "none", "state": f"torch can't be imported: {error}"}]
    from trm.specs import load

    rows = []
    for spec in get_registry().backends():
        try:
            backend = load(spec.factory)()
            reason = backend.unavailable()
            state = f"not usable: {reason}" if reason else backend.describe()
        except Exception as error:  # a plugin's backend must not take the report with it
            state = f"failed: {error}"
        rows.append({"name": spec.name, "state": state})
    return rows


def _cache() -> dict[str, Any]:
    from trm.data.cache import cache_folder

    folder = cache_folder()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0
    return {"folder": str(folder), "MiB": round(size / 2**20, 1)}


def _print(report: dict[str, Any]) -> None:
    echo(f"trm {report['trm']}, Python {report['python']}")
    echo("Libraries: " + ", ".join(f"{name} {version}" for name, version in report["libraries"].items()))
    echo("Devices:")
    for device in report["devices"]:
        echo(f"  {device['name']}: {device['state']}")
    echo("Plugins:")
    for plugin in report["plugins"]:
        echo(f"  {plugin['name']}: {plugin['distribution']} {plugin['version']}")
    echo("Problems:" if report["problems"] else "Problems: none")
    for problem in report["problems"]:
        echo(f"  {problem}")
    echo(f"Cache: {report['cache']['folder']} ({report['cache']['MiB']} MiB)")
