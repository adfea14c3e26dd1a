"""`trm play`."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import checkpoint_option, load_torch, registry_with_warnings, task_and_weights
from trm.cli.demo import default_task
from trm.cli.output import echo
from trm.cli.puzzle_text import read_text
from trm.errors import TRMError, UsageError, cannot_write

if TYPE_CHECKING:
    from trm.experiment.playing import Playing
    from trm.render.play.build import GalleryEntry

IN_A_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""Browsers without scripts that `webbrowser` may find where there is no other."""


@click.command("play")
@click.argument("task", required=False, shell_complete=complete.weights)
@click.argument("puzzle", required=False, shell_complete=complete.files)
@checkpoint_option
@click.option(
    "--preset", help="The shipped weights of this preset, as in TASK:PRESET.", shell_complete=complete.presets
)
@click.option(
    "--examples",
    type=click.IntRange(min=0, max=50),
    default=3,
    show_default=True,
    help="Example puzzles of each difficulty.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page to this file and do not open it.",
)
@click.option(
    "--gallery",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a page for all shipped weights, or those of TASK, and an index into this folder.",
)
def command(
    task: str | None,
    puzzle: str | None,
    checkpoint: str | None,
    preset: str | None,
    examples: int,
    output: Path | None,
    gallery: Path | None,
) -> None:
    """Make a web page in which a network solves puzzles of TASK, and open it in the browser.

    The page is one file that needs no server and no network: type, paste or draw a puzzle, and watch every step. It opens with
    PUZZLE, given as text or as a file; `-` reads stdin. TASK defaults to the task with the most presets among those that ship
    weights.
    """
    registry = registry_with_warnings()
    if gallery is not None:
        if puzzle or checkpoint or preset or output:
            raise UsageError("--gallery makes pages of shipped weights: give at most TASK and --examples with it.")
        tasks = [registry.task(task).name] if task else list(registry.tasks())
        _write_gallery(gallery, tasks, examples)
        return
    task = task or default_task(registry)
    if preset is not None:
        other = f"--checkpoint {checkpoint}" if checkpoint is not None else task if ":" in task else None
        if other is not None:
            raise UsageError(f"Both {other} and --preset {preset} name weights. Omit one of them.")
        task = f"{registry.task(task).name}:{preset}"
    task, weights = task_and_weights(task, checkpoint)
    if output is not None:
        _check_folder(output)
    text = None if puzzle is None else read_text(puzzle)[1]
    page = _playing(weights, task, examples, text)
    _write(output or _own_path(page), page.html(), "--output" if output else None)
    if output is None:
        _open(_own_path(page))


def _playing(weights: str, task: str, examples: int, text: str | None = None) -> Playing:
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.experiment.playing import Playing
    from trm.experiment.solver import load

    return Playing.of(load(weights, device="cpu", task=task, display=CommandDisplay()), examples, text)


def _own_path(page: Playing) -> Path:
    """Where a page is written that nobody named a file for."""
    from trm.data.cache import cache_folder

    return cache_folder() / "play" / _file_name(page)


def _file_name(page: Playing) -> str:
    return f"{page.name.replace('/', '-').replace(':', '-')}.html"


def _check_folder(output: Path) -> None:
    """Refuse a file in a missing folder before anything is computed."""
    if not output.parent.is_dir():
        raise UsageError(
            f"Cannot write {output}: there is no folder {output.parent}. Make it, or choose another --output."
        )


def _write(path: Path, page: str, option: str | None) -> None:
    from trm.storage.atomic import write_bytes

    try:
        if option is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, page.encode())
    except OSError as error:
        raise cannot_write(path, error, option) from error
    echo(f"Written: {path} ({path.stat().st_size / 1024:.0f} KiB)")


def _open(path: Path) -> None:
    """Open a page in the browser, or say how."""
    address = path.resolve().as_uri()
    try:
        found = webbrowser.get()
        opened = getattr(found, "basename", "") not in IN_A_TERMINAL and found.open(address)
    except (webbrowser.Error, OSError):
        opened = False
    echo("Opened in the browser." if opened else f"No browser could be opened. Open this address in one: {address}")


def _write_gallery(folder: Path, tasks: Sequence[str], examples: int) -> None:
    """Write a page for all weights that tasks ship, and an index."""
    load_torch()
    from trm.render.play.build import gallery_index
    from trm.runs.locate import shipped_weights

    names = [(task, preset) for task in tasks for preset in shipped_weights(task)]
    if not names:
        raise UsageError(f"No weights to show: {', '.join(tasks) or 'no installed task'} ships none.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error, "--gallery") from error
    entries = [_gallery_page(folder, task, f"{task}:{preset}", examples) for task, preset in names]
    _write(folder / "index.html", gallery_index([entry for entry in entries if entry]), "--gallery")


def _gallery_page(folder: Path, task: str, weights: str, examples: int) -> GalleryEntry | None:
    """Write the page of shipped weights; one that cannot be made is reported and left out."""
    from trm.render.play.build import GalleryEntry

    try:
        page = _playing(weights, task, examples)
        text = page.html()
    except TRMError as error:
        echo(f"Skipping {weights}: {error}", err=True)
        return None
    _write(folder / _file_name(page), text, "--gallery")
    return GalleryEntry(_file_name(page), page.name, page.summary)
