"""`trm new-task`."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from trm.cli.output import echo
from trm.errors import TRMError, UsageError, cannot_write

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
TEMPLATE_NAME = "my-task"
SINGLE_FILE = "single-file"
"""The folder of the template for a task in one file."""

LEFT_OUT = {"__pycache__", ".pytest_cache", ".hypothesis", ".ruff_cache", "dist", "runs", SINGLE_FILE}


@click.command("new-task")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The folder or file to create (default: trm_tasks_NAME, or NAME.py with --single-file).",
    metavar="PATH",
)
@click.option("--single-file", is_flag=True, help="Create one Python file, for `trm --include-path`, and no package.")
def command(name: str, output: Path | None, single_file: bool) -> None:
    """Create a plugin package for a task called NAME.

    The package is complete: it can be installed and trained, and it passes the conformance checks. Replace its puzzle with
    your own.
    """
    if single_file:
        _create_file(name, output)
        return
    check_name(name)
    output = output or Path(package_name(name))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} already exists and is not empty. Choose another folder with --output.")
    try:
        for path in write_package(name, output):
            echo(f"  {path}")
    except OSError as error:
        raise cannot_write(output, error) from error
    echo(
        f"\nNext:\n  pip install -e {output}\n  trm check-task {name}\n  trm train {name}\n"
        f"Then replace the puzzle in {output / 'src' / package_name(name) / 'task.py'} with your own."
    )


def _create_file(name: str, output: Path | None) -> None:
    """Create a task in one file, and say how to use and test it."""
    check_task_name(name)
    output = output or Path(f"{name.replace('-', '_')}.py")
    if output.is_dir():
        output = output / f"{name.replace('-', '_')}.py"
    if output.suffix != ".py" or not output.stem.isidentifier():
        raise UsageError(
            f"{output} cannot be imported. Choose a name such as {name.replace('-', '_')}.py with --output."
        )
    if output.exists():
        raise UsageError(f"{output} already exists. Choose another file with --output.")
    template = template_folder() / SINGLE_FILE / f"{TEMPLATE_NAME.replace('-', '_')}.py"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(_renamed(template.read_text(encoding="utf-8"), name), encoding="utf-8")
    except OSError as error:
        raise cannot_write(output, error) from error
    trm = f"trm --include-path {shlex.quote(str(output.parent))}"
    echo(
        f"  {output}\n\nNext:\n  {trm} check-task {name}\n  {trm} train {name}\n"
        f"`export TRM_INCLUDE_PATH={shlex.quote(str(output.parent.absolute()))}` makes the option unnecessary. Then replace the "
        f"puzzle with your own; check-task tests every part of it after each change."
    )


def check_name(name: str) -> None:
    """Refuse a name whose package could not be loaded, or would take the place of another.

    Raises:
        UsageError: the name is malformed or taken.
    """
    check_task_name(name)
    if name.replace("-", "_").startswith("trm_tasks"):
        raise UsageError(
            f"The package's name is made from NAME and starts with trm_tasks_. Omit the prefix from {name!r}."
        )
    package = package_name(name)
    if importlib.util.find_spec(package) is not None:
        raise UsageError(f"A Python package {package} is already installed. Choose another name.")


def check_task_name(name: str) -> None:
    """Refuse a name that is malformed, or that a plugin has already.

    Raises:
        UsageError: the name is malformed or taken.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid task name. Use lower-case letters and digits, with '-' or '_' between words, for "
            "example knights-tour."
        )
    from trm.plugins.registry import get_registry

    registry = get_registry()
    plugins = [*registry.plugins, *(problem.plugin for problem in registry.problems)]
    owners = {plugin.name: plugin for plugin in plugins}
    owners |= {task: entry.plugin for task, entry in registry.tasks().items()}
    if name in owners:
        raise UsageError(f"{name!r} is already used by plugin {owners[name]}. Choose another name.")


def write_package(name: str, output: Path) -> Iterator[Path]:
    """Copy the template and replace every form of its name. Yields each file after it is written."""
    root = template_folder()
    for source in sorted(root.rglob("*")):
        relative = source.relative_to(root)
        if source.is_dir() or LEFT_OUT.intersection(relative.parts) or source.suffix == ".pyc":
            continue
        target = output / _renamed(str(relative), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(source.read_text(encoding="utf-8"), name), encoding="utf-8")
        yield target


def template_folder() -> Path:
    """The folder of the template: in the installed package, or in `plugins/` of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "template", package.parent / "plugins" / "template"):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise TRMError(f"The template is missing from {package}. Reinstall trm.")


def package_name(name: str) -> str:
    """The name of the Python package for a task."""
    return f"trm_tasks_{name.replace('-', '_')}"


def _renamed(text: str, name: str) -> str:
    """A text of the template for another task: the distribution's, the Python package's and the task's name replaced."""
    forms = {
        f"trm-tasks-{TEMPLATE_NAME}": package_name(name).replace("_", "-"),
        TEMPLATE_NAME.replace("-", "_"): name.replace("-", "_"),
        TEMPLATE_NAME: name,
    }
    for old, new in forms.items():
        text = text.replace(old, new)
    return text
