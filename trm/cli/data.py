"""`trm data build`, `trm data info` and `trm data clear`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import json_option, load_torch, registry_with_warnings, seed_option, task_options
from trm.cli.output import echo, echo_notes, print_json
from trm.plugins.registry import get_registry
from trm.progress import progress
from trm.words import counted, split_word

if TYPE_CHECKING:
    from trm.data.puzzle_set import PuzzleSet
    from trm.experiment.experiment import Experiment

SPLITS = ("train", "test")


@click.group("data", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Build datasets on disk, describe them, or clear the cache."""


@command.command("build")
@click.argument("task", shell_complete=complete.tasks)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder to write; it must not exist yet."
)
@task_options
@seed_option
@click.option("--rebuild", is_flag=True, help="Make the puzzles again even if the cache has them.")
def build(
    task: str,
    output: Path,
    preset: str | None,
    sets: tuple[str, ...],
    dataset: str | None,
    seed: int,
    rebuild: bool,
) -> None:
    """Write the puzzles of TASK in the array layout that HRM and TRM code bases share."""
    registry_with_warnings()
    load_torch()
    from trm.errors import cannot_write
    from trm.runs.run_folder import check_free
    from trm.storage.atomic import replaced_folder

    check_free(output)
    experiment = _experiment(task, preset, sets, dataset=dataset, seed=seed)
    echo_notes(experiment.notes)
    try:
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        with replaced_folder(output.absolute()) as folder:
            for split in SPLITS:
                _write(experiment, split, folder, rebuild)
    except OSError as error:
        raise cannot_write(output, error) from error
    echo(f"Train on it with: trm train {task} --data {output}")


def _experiment(task: str, preset: str | None, sets: tuple[str, ...], **options: Any) -> Experiment:
    """The experiment whose data is asked for. How long it would train does not matter, so a task may have no preset."""
    from trm.experiment.experiment import Experiment

    without_end = () if get_registry().task(task).presets else ("training.max_steps=1",)
    return Experiment.from_preset(task, preset, (*without_end, *sets), **options)


def _write(experiment: Experiment, split: str, folder: Path, rebuild: bool) -> None:
    """Write one split and show progress."""
    from trm.data.layout_writing import write_split

    puzzles = experiment.puzzles(split, rebuild)
    with progress(
        f"Writing the {split_word(split)} puzzles", 2 * len(puzzles), "rows"
    ) as advance:  # inputs, then labels
        write_split(folder, split, puzzles, advance)
    echo(f"{split}: {_sizes(puzzles)}")


@command.command("pack")
@click.argument("task", shell_complete=complete.tasks)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write, NAME.npz.xz.")
@click.option("--split", default="test", show_default=True, help="The split to write.")
@task_options
@seed_option
def pack(
    task: str, output: Path, split: str, preset: str | None, sets: tuple[str, ...], dataset: str | None, seed: int
) -> None:
    """Write puzzles of TASK into one compressed file, for a plugin that ships them (`DatasetSpec.shipped`)."""
    registry_with_warnings()
    load_torch()
    from trm.errors import TRMError

    experiment = _experiment(task, preset, sets, dataset=dataset, seed=seed)
    try:
        count = experiment.task.pack(split, seed, output)
    except OSError as error:
        raise TRMError(f"Cannot write {output}: {error.strerror}.") from error
    echo(f"Written: {output} ({count:,} puzzles, {output.stat().st_size / 2**10:.0f} KiB)")


@command.command("info")
@click.argument("task", shell_complete=complete.tasks)
@task_options
@click.option("--data", type=click.Path(path_type=Path), help="Folder of arrays to read instead of the dataset.")
@seed_option
@json_option
def info(
    task: str,
    preset: str | None,
    sets: tuple[str, ...],
    dataset: str | None,
    data: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Show sizes, tokens and an example of the puzzles of TASK."""
    registry_with_warnings()
    load_torch()

    experiment = _experiment(task, preset, sets, dataset=dataset, data=data, seed=seed)
    echo_notes(experiment.notes)
    splits = {split: experiment.puzzles(split) for split in SPLITS if _has(experiment.task.data, split)}
    report = _report(experiment, splits)
    if as_json:
        print_json(report)
        return
    _print_report(report, splits)
    _show_example(experiment, [*splits.values()][-1])


def _has(data: Path | None, split: str) -> bool:
    """Whether to describe a split: a folder of arrays may have only one."""
    return data is None or (data / split).exists() or not any((data / name).exists() for name in SPLITS)


def _sizes(puzzles: PuzzleSet) -> str:
    """Numbers of examples, puzzles, groups and ids, as far as they differ."""
    examples, count = len(puzzles), len(puzzles.puzzle_ids)
    text = counted(count, "puzzle")
    if examples != count:
        text = f"{counted(examples, 'example')} of {text}"
    if puzzles.num_groups != count:
        text += f" in {counted(puzzles.num_groups, 'group')}"
    ids = puzzles.description.num_puzzle_identifiers
    return f"{text} with {ids:,} ids" if ids > 1 else text


def _report(experiment: Experiment, splits: dict[str, PuzzleSet]) -> dict[str, Any]:
    """What `trm data info --json` prints."""
    import numpy as np

    description = experiment.task.description
    extras = [*splits.values()][-1].extras
    return {
        "task": experiment.task.name,
        "dataset": str(experiment.task.data or experiment.task.dataset),
        **{
            split: {
                "examples": len(puzzles),
                "puzzles": len(puzzles.puzzle_ids),
                "groups": puzzles.num_groups,
                "ids": puzzles.description.num_puzzle_identifiers,
            }
            for split, puzzles in splits.items()
        },
        "positions": description.seq_len,
        "grid": list(description.structure.grid) if description.structure.grid else None,
        "tokens": description.vocab_size,
        "token_names": list(description.token_names),
        "extras": {
            name: np.percentile(column, [0, 25, 50, 75, 100]).tolist()
            for name, column in extras.items()
            if np.asarray(column).ndim == 1 and np.asarray(column).dtype.kind in "iuf"
        },
    }


def _print_report(report: dict[str, Any], splits: dict[str, PuzzleSet]) -> None:
    sizes = {split: _sizes(puzzles) for split, puzzles in splits.items()}
    grid = "x".join(map(str, report["grid"])) if report["grid"] else "none"
    tokens = " ".join(report["token_names"]) or report["tokens"]
    shown = {name: value for name, value in report.items() if name not in ("extras", "token_names")}
    for name, value in (shown | sizes | {"grid": grid, "tokens": tokens}).items():
        echo(f"{name}: {value}")
    for name, quartiles in report["extras"].items():
        echo(f"{name} (quartiles of the {[*splits][-1]} split): {', '.join(f'{value:g}' for value in quartiles)}")


def _show_example(experiment: Experiment, puzzles: PuzzleSet) -> None:
    import numpy as np
    from rich.columns import Columns
    from rich.panel import Panel

    from trm.evaluation.refine import Puzzle
    from trm.render.console import Console

    puzzle = Puzzle(np.asarray(puzzles.inputs[0]), puzzles.scored_labels(slice(0, 1))[0])
    renderer = experiment.task.renderer()
    Console().print(
        Columns(
            [
                Panel(renderer.render(puzzle.inputs), title="puzzle"),
                Panel(renderer.render(puzzle.inputs, puzzle.target), title="answer"),
            ]
        )
    )


@command.command("clear")
@click.argument("task", required=False, shell_complete=complete.tasks)
def clear(task: str | None) -> None:
    """Delete the cached puzzles of TASK, or of all tasks."""
    from trm.data.cache import clear_cache

    cleared = clear_cache(task)
    if not cleared.splits:
        if task is not None:
            registry_with_warnings().task(task)  # the puzzles of a task that is no longer installed can be cleared, too
        echo(f"The cache has no puzzles{f' of task {task!r}' if task else ''}")
        return
    echo(f"Deleted {counted(cleared.splits, 'cached split')} ({cleared.size / 2**20:.1f} MiB)")
