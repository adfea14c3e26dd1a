"""`trm evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from trm.cli import complete
from trm.cli.common import (
    data_settings_option,
    device_option,
    json_option,
    load_torch,
    metric_option,
    registry_with_warnings,
    search_options,
    threads_option,
    use_threads,
)
from trm.cli.figures import write_figure
from trm.cli.output import print_json
from trm.cli.score_report import as_json_document, check_plot, print_scores
from trm.cli.seeds import seeds_option
from trm.cli.untrained import evaluate_from_scratch
from trm.errors import UsageError


@click.command("evaluate")
@click.argument("checkpoint", shell_complete=complete.checkpoints)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of arrays to score instead of the run's own test puzzles."
)
@click.option("--dataset", help="Another of the task's datasets.", shell_complete=complete.datasets)
@data_settings_option("Change a setting of the task's data, for example task.test_puzzles=5000.")
@search_options
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "both"]),
    default="test",
    show_default=True,
    help="The split to score; `both` shows train and test side by side. Few datasets have `validation`.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Number of puzzles to score (default: all).")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the data (default: the run's).")
@seeds_option("Seeds of the data, such as 0-4: score each, and give mean, spread and interval.")
@click.option("--all-checkpoints", is_flag=True, help="Score every checkpoint of a run, in the order of their steps.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --all-checkpoints: draw the scores over the steps into FILE.png, FILE.svg or FILE.pdf.",
)
@metric_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the files that some tasks write beside their scores, such as ARC's submission (default: a folder in "
    "the run). An interrupted evaluation continues from it.",
)
@click.option(
    "--puzzle-ids",
    type=click.Choice(["blank", "random"]),
    help="Ablation: give every puzzle the vector of the blank id, or of another puzzle drawn at random.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    help="With --budget: puzzles learned at once (default: the number of cores).",
)
@device_option
@threads_option
@json_option
def command(
    checkpoint: str,
    split: str,
    seed: int | None,
    seeds: tuple[int, ...],
    all_checkpoints: bool,
    plot: Path | None,
    device: str,
    threads: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score CHECKPOINT.

    CHECKPOINT is a run folder, a step_N folder in it, a weights file, a task that ships weights, or hf://owner/name.
    """
    registry_with_warnings()
    use_threads(threads)
    if seed is not None and seeds:
        raise UsageError("Give either --seed or --seeds.")
    check_plot(plot, all_checkpoints)
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.experiment.score_series import ScoreSeries, checkpoints_of
    from trm.experiment.solver import load
    from trm.experiment.source import DataSource
    from trm.experiment.untrained import learns_untrained

    if not all_checkpoints and learns_untrained(checkpoint, checkpoint, "evaluate_untrained"):
        if split != "test" or seeds:
            raise UsageError(f"Task {checkpoint!r} ships no weights and learns from scratch: omit --split and --seeds.")
        evaluate_from_scratch(checkpoint, seed or 0, as_json, options)
        return
    chosen = {name: options.pop(name) for name in ("data", "dataset")}
    sources = [DataSource(**chosen, settings=options.pop("sets"), seed=seed)]
    if seeds:
        sources = [replace(sources[0], seed=number) for number in seeds]
    splits = ["test", "train"] if split == "both" else [split]
    display = CommandDisplay()
    weights = checkpoints_of(checkpoint) if all_checkpoints else [checkpoint]
    solvers = (load(path, device=device, display=display) for path in weights)
    series = ScoreSeries.measured(solvers, sources, splits, **options)
    if as_json:
        print_json(as_json_document(series))
    else:
        print_scores(series)
    if plot is not None:
        write_figure(plot, "--plot", series.curves(), "steps", err=as_json)
