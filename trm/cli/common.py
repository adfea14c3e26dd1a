"""What several commands share. Nothing heavy is imported here at the top."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from trm.plugins import Registry, get_registry


def registry_with_warnings() -> Registry:
    """The registry; each plugin with a problem is named in one line on stderr."""
    registry = get_registry()
    for problem in registry.problems:
        click.echo(f"Warning: {problem} (`trm doctor` shows more)", err=True)
    return registry


def print_json(value: Any) -> None:
    """JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def for_people() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def chain(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several decorators as one, the first on top."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps, or a plugin's."
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of data, weights and training."
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="Processor threads; left out, as many as there are cores."
)

task_options = chain(
    click.option("--preset", help="A complete setting; `trm list-tasks -v` shows them."),
    click.option(
        "--set", "sets", multiple=True, metavar="A.B=C", help="Change a setting, as in training.max_steps=500."
    ),
    click.option("--dataset", help="Another of the task's datasets."),
)


def use_threads(threads: int | None) -> None:
    """Limit torch to so many threads."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
