"""`trm new-task`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from trm.cli.output import echo
from trm.errors import TRMError, UsageError

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
TEMPLATE_NAME = "my-task"
LEFT_OUT = {"__pycache__", ".pytest_cache", ".hypothesis", ".ruff_cache", "dist", "runs"}


@click.command("new-task")
@click.argument("name")
@click.option(
    "--output", type=click.Path(path_type=Path), help="A folder that doesn't exist yet; left out, trm_tasks_NAME."
)
def command(name: str, output: Path | None) -> None:
    """Write a plugin package for a task called NAME: complete, installable, and passing the conformance kit as it stands."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be a task's name: use lower-case letters and digits, with '-' or '_' between words, "
            "as in knights-tour."
        )
    from trm.plugins.registry import get_registry

    if name in get_registry().tasks():
        raise UsageError(
            f"There is a task {name!r} already, of {get_registry().tasks()[name].plugin}. Choose another name."
        )
    output = output or Path(package_name(name))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} exists and isn't empty. Choose another folder with --output.")
    try:
        for path in write_package(name, output):
            echo(f"  {path}")
    except OSError as error:
        raise TRMError(f"The package can't be written to {output}: {error.strerror}.") from error
    echo(
        f"\nNext:\n  pip install -e {output}\n  trm check-task {name}\n  trm train {name}\n"
        f"Then replace the puzzle in {output / 'src' / package_name(name) / 'task.py'} with your own."
    )


def write_package(name: str, output: Path) -> Iterator[Path]:
    """Copy the template with every form of its name replaced; yields the files as they are written."""
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
    """The template: inside an installed package, or in `plugins/` of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "template", package.parent / "plugins" / "template"):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise TRMError(f"The template is missing from {package}. Install trm again.")


def package_name(name: str) -> str:
    """The Python package of a task's plugin."""
    return f"trm_tasks_{name.replace('-', '_')}"


def _renamed(text: str, name: str) -> str:
    """The name stands in the template as a distribution, as a Python name, and as the task's own."""
    forms = {
        f"trm-tasks-{TEMPLATE_NAME}": package_name(name).replace("_", "-"),
        TEMPLATE_NAME.replace("-", "_"): name.replace("-", "_"),
        TEMPLATE_NAME: name,
    }
    for old, new in forms.items():
        text = text.replace(old, new)
    return text
