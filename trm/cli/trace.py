"""`trm trace`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm import __version__
from trm.cli import complete
from trm.cli.common import checkpoint_option, device_option, registry_with_warnings, threads_option, use_threads
from trm.cli.output import echo
from trm.cli.puzzle_text import read_text
from trm.cli.showcase import Showcase, load_showcase, verdict
from trm.errors import TRMError

if TYPE_CHECKING:
    from rich.text import Text

    from trm.evaluation.refine import Frame
    from trm.render.scene import Stage

output = click.Path(path_type=Path, dir_okay=False)


@click.command("trace")
@click.argument("task", shell_complete=complete.tasks)
@click.argument("puzzle", required=False)
@checkpoint_option
@click.option("--steps", type=click.IntRange(min=1), help="Supervision steps; left out, as in training.")
@click.option("--cycles", is_flag=True, help="Show each of the T cycles inside a step as well.")
@click.option("--renderer", help="Another of the task's renderers.")
@click.option("--html", type=output, help="Write a page to step through, in one file.")
@click.option("--gif", type=output, help="Write a moving picture.")
@click.option("--png", type=output, help="Write a picture with all steps side by side.")
@device_option
@threads_option
def command(
    task: str,
    puzzle: str | None,
    checkpoint: str | None,
    steps: int | None,
    cycles: bool,
    renderer: str | None,
    html: Path | None,
    gif: Path | None,
    png: Path | None,
    device: str,
    threads: int | None,
) -> None:
    """Show how a model refines its answer to one PUZZLE of TASK, as text or in a file; `-` reads stdin.

    Left out, it is an unseen puzzle that took the model many steps. Without --html, --gif or --png the steps are listed.
    """
    registry_with_warnings()
    use_threads(threads)
    showcase = load_showcase(task, checkpoint, device, steps)
    if puzzle is None:
        shown = showcase.examples(1)[0].puzzle
    else:
        _, text = read_text(puzzle)
        showcase = showcase.sized_for(text)
        shown = showcase.parse(text)
    from trm.evaluation.refine import refine

    frames = list(refine(showcase.model, shown, showcase.steps, showcase.backend, cycles))
    stage = showcase.stage(shown, renderer)
    conclusion = verdict(showcase.experiment, shown, frames)
    if not (html or gif or png):
        _list(frames, stage, conclusion)
        return
    from trm.render.page import build_page
    from trm.render.raster import write_gif, write_png

    if html is not None:
        page = build_page(
            stage,
            frames,
            showcase.experiment.description,
            title=f"A tiny recursive model on {task}",
            verdict=f"{conclusion.plain.rstrip('.')}.",
            footer=_origin(showcase),
        )
        _write(html, lambda path: path.write_text(page, encoding="utf-8"))
    if gif is not None:
        _write(gif, lambda path: write_gif(path, stage, frames))
    if png is not None:
        _write(png, lambda path: write_png(path, stage, frames))


def _list(frames: Sequence[Frame], stage: Stage, conclusion: Text) -> None:
    from trm.render.console import Console
    from trm.render.player import summary

    console = Console(highlight=False)
    console.print(stage.unsolved)
    for frame in frames:
        console.print(summary(frame))
    console.print(stage.picture(frames[-1]))
    console.print(conclusion, soft_wrap=True)


def _origin(showcase: Showcase) -> str:
    """Whose answer it is."""
    model, run = showcase.model, showcase.loaded.run
    step = f", step {showcase.loaded.step:,}" if showcase.loaded.step else ""
    return f"{run.task} {run.preset or ''}: {model.num_parameters():,} parameters, seed {run.seed}{step}; trm {__version__}."


def _write(path: Path, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise TRMError(f"{path} can't be written: {error.strerror or error}.") from error
    echo(f"Written: {path} ({path.stat().st_size / 1024:.0f} KiB)")
