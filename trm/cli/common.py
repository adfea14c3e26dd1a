"""Options and helpers that several commands share. Imports nothing heavy at the top."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from trm.cli import complete
from trm.cli.output import echo
from trm.errors import UsageError
from trm.plugins.loading import installed_twice
from trm.plugins.registry import Registry, get_registry
from trm.progress import progress


def registry_with_warnings(quiet_ones_too: bool = False) -> Registry:
    """The registry; each problem with a plugin is reported in one line on stderr, with `--debug` and its traceback.

    Args:
        quiet_ones_too: whether to report two plugins or distributions of one name as well.
    """
    registry = get_registry()
    for sentence in installed_twice() if quiet_ones_too else ():
        echo(f"Warning: {sentence}", err=True)
    for problem in registry.problems:
        if problem.quiet and not quiet_ones_too:
            continue
        echo(f"Warning: {problem} (`trm doctor` shows more)", err=True)
        if problem.error is not None and is_debugging():
            echo("".join(traceback.format_exception(problem.error)).rstrip(), err=True)
    return registry


def task_and_weights(given: str, checkpoint: str | None) -> tuple[str, str]:
    """The task and the weights that the arguments of a command name.

    Args:
        given: the argument TASK: a task, a preset that ships weights (`maze:hard`), or a run, a checkpoint or a weights file.
        checkpoint: the option --checkpoint.

    Returns:
        The name of the task, and the weights as `trm.runs.locate` takes them.

    Raises:
        UsageError: there is no such task, or weights are named twice.
        CheckpointError: `given` is a path without usable weights.
    """
    registry = get_registry()
    task, colon, _ = given.partition(":")
    by_path = task not in registry.tasks() and _names_weights(given)
    if checkpoint is not None and (colon or by_path):
        raise UsageError(f"Both {given} and --checkpoint {checkpoint} name weights. Omit one of them.")
    if not by_path:
        return registry.task(task).name, checkpoint or given
    from trm.runs.locate import locate, task_spec

    run = locate(given).run
    if run.task is None:
        raise UsageError(f"The run {given} names no task. Import it again with --task.")
    return task_spec(run).name, given


def _names_weights(given: str) -> bool:
    from trm.runs.names import names_weights

    return names_weights(given)


def is_debugging() -> bool:
    """Whether the command line has `--debug`."""
    context = click.get_current_context(silent=True)
    return bool(context and (context.find_root().obj or {}).get("debug"))


def for_people() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def chain(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Combine decorators; the first one is outermost."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


checkpoint_option = click.option(
    "--checkpoint",
    help="A run folder, a checkpoint, a weights file or hf://owner/name (default: the weights that the task ships).",
    shell_complete=complete.checkpoints,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda, cuda:1, mps, or a plugin's device.",
    shell_complete=complete.devices,
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of data, weights and training."
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="Number of CPU threads (default: the number of cores)."
)
metric_option = click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.metrics,
    help="Report this metric, too; may be repeated. `trm list-tasks -v` lists them.",
)


class BudgetType(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of Click
    """A `trm.evaluation.budget.Budget` as text."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from trm.evaluation.budget import Budget

        return Budget.parse(value) if isinstance(value, str) else value


task_options = chain(
    click.option("--preset", help="A preset; `trm presets TASK` lists them.", shell_complete=complete.presets),
    click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="A.B=C",
        help="Change a setting, for example training.max_steps=500.",
        shell_complete=complete.settings,
    ),
    click.option("--dataset", help="Another of the task's datasets.", shell_complete=complete.datasets),
)


def data_settings_option(help: str) -> Callable[[Any], Any]:
    """`--set` for settings of a task's data alone, as `sets`.

    Args:
        help: what such a setting changes.
    """
    return click.option("--set", "sets", multiple=True, metavar="task.A=B", shell_complete=complete.settings, help=help)


search_options = chain(
    click.option(
        "--steps", type=click.IntRange(min=1), help="Number of supervision steps (default: same as in training)."
    ),
    click.option(
        "--restarts",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Number of tries.",
    ),
    click.option(
        "--search",
        type=click.Choice(["noise", "pin"]),
        default="noise",
        show_default=True,
        help="What makes tries differ: the initial state, or for each a guess at one unknown cell (with --check).",
    ),
    click.option(
        "--votes",
        type=click.IntRange(min=1),
        help="Number of symmetric copies to vote over (default: chosen by the task, usually 1).",
    ),
    click.option(
        "--answer",
        type=click.Choice(["last", "surest"]),
        help="The last step's answer, or the most confident answer of all steps (default: same as in training).",
    ),
    click.option(
        "--check/--no-check",
        "check",
        default=None,
        help="Stop at an answer that is valid by the task's rules, and prefer it (default: off in `evaluate`, on in "
        "`solve`).",
    ),
    click.option(
        "--halt",
        type=click.FloatRange(min=0, min_open=True, max=1),
        metavar="P",
        help="End a try when the model's probability that its answer is right reaches P, such as 0.9 (default: take all "
        "steps).",
    ),
    click.option(
        "--budget",
        type=BudgetType(),
        metavar="TIME",
        help="Learn each puzzle at test time for at most TIME, such as 30s, 10m or 200steps. Only for tasks that learn at "
        "test time.",
    ),
)
"""The fields of `trm.evaluation.options.SearchOptions`, by their names."""


def load_torch() -> None:
    """Import torch, which takes seconds, with a word on a terminal. Call this before the imports that need it."""
    with progress("Loading torch") if sys.stderr.isatty() else contextlib.nullcontext():
        importlib.import_module("torch")


def use_threads(threads: int | None) -> None:
    """Set the number of torch threads, if one is given."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
