"""`trm sweep`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.absent import NAME_OR_NONE
from trm.cli.common import json_option, load_torch, registry_with_warnings
from trm.cli.everyday import EVERYDAY, everyday_options
from trm.cli.figures import check_figure
from trm.cli.output import echo, print_json
from trm.cli.seeds import seeds_option
from trm.errors import DONE, FAILED, UsageError
from trm.progress import reporting_to

if TYPE_CHECKING:
    from trm.experiment.session import Display
    from trm.experiment.sweeping.request import SweepRequest
    from trm.experiment.sweeping.results import SweepResult

OF_A_NEW_SWEEP = (
    *("task", "sets", "preset", "config", "dataset", "augmentation", "data"),
    *("init", "seeds", "output", "threads", "storage"),
)
"""Parameters that say what is trained. A sweep that is continued or shown knows it already."""


@click.command("sweep")
@click.argument("task", required=False, shell_complete=complete.tasks)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="A.B=C,D",
    shell_complete=complete.settings,
    help="A setting with its values, for example model.hidden_dim=32,64; with --search also a range, LOW..HIGH, "
    "LOW..HIGH:log or LOW..HIGH:STEP. Write lists in brackets: training.betas=[0.9,0.95],[0.9,0.99].",
)
@click.option("--preset", help="A preset; `trm presets TASK` lists them.", shell_complete=complete.presets)
@everyday_options
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings from a YAML or JSON file, as for `trm train`."
)
@click.option("--dataset", help="Another of the task's datasets.", shell_complete=complete.datasets)
@click.option("--augmentation", type=NAME_OR_NONE, help="Another of the task's augmentations; `none` for none.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of arrays to read instead of the dataset.")
@click.option(
    "--init",
    type=NAME_OR_NONE,
    shell_complete=complete.checkpoints,
    help="Weights to start from, as for `trm train`.",
)
@seeds_option("Train every combination with each seed, such as 0-2 (default: 0).")
@click.option("--search", metavar="N", type=click.IntRange(min=1), help="Search with N trials of Optuna, not a grid.")
@click.option(
    "--storage",
    metavar="URL",
    help="Where a search keeps its trials: a database URL, or a file that all workers can reach (default: a file in the "
    "output folder).",
)
@click.option(
    "--metric",
    metavar="NAME",
    shell_complete=complete.metrics,
    help="The score to compare and search by (default: exact_accuracy).",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Runs at once (default: as many as the cores allow).")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="CPU threads of each run. Other numbers round sums differently, so --jobs does not change it.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda, mps, or a plugin's device; several, such as cuda:0,cuda:1, are shared among the runs.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The sweep's folder, a new one or one to continue (default: a new one in runs/).",
)
@click.option("--resume", type=click.Path(path_type=Path), help="Train what is missing of the sweep in this folder.")
@click.option("--show", type=click.Path(path_type=Path), help="Print the table of the sweep in this folder.")
@click.option("--dry-run", is_flag=True, help="Check everything and list the trials, without training.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw parallel coordinates and learning curves into FILE.png, FILE.svg or FILE.pdf.",
)
@click.option("--quiet", is_flag=True, help="Print only the table.")
@click.option("--markdown", "form", flag_value="markdown", help="Print a Markdown table.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, with scores from 0 to 1.")
@json_option
def command(
    task: str | None,
    resume: Path | None,
    show: Path | None,
    dry_run: bool,
    plot: Path | None,
    quiet: bool,
    form: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Train TASK with every combination of the values of --set, or search them, and compare the results.

    Every combination is trained with every seed, as `trm train` would, into a run folder of its own. Combinations are
    compared on the validation split if the data has one, otherwise on the test puzzles; the table says which. The same
    command with the same --output continues a sweep: complete runs are kept, others resumed.
    """
    registry_with_warnings()
    _check_forms(resume, show, dry_run, form, as_json)
    if plot is not None:
        check_figure(plot, "--plot")
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.cli.sweep_table import draw, print_result
    from trm.experiment.session import Display
    from trm.experiment.sweeping.sweep import read_sweep

    display = Display() if quiet else CommandDisplay()
    if show is not None:
        result = read_sweep(show, options["metric"])
    elif dry_run:
        _list(_request(task, options), options["output"], as_json)
        return DONE
    else:
        with reporting_to(None) if quiet else contextlib.nullcontext():
            result = _trained(task, resume, options, display)
    if as_json:
        print_json(result.as_json())
    else:
        print_result(result, form)
    if plot is not None:
        draw(result, plot)
    return FAILED if result.failed and show is None else DONE


def _trained(task: str | None, resume: Path | None, options: Mapping[str, Any], display: Display) -> SweepResult:
    from trm.experiment.sweeping.sweep import new_folder, resume_sweep, run_sweep

    common = {"jobs": options["jobs"], "device": options["device"]}
    if resume is not None:
        return resume_sweep(resume, display, search=options["search"], **common)
    request = _request(task, options)
    folder = options["output"] or new_folder(request)
    return run_sweep(request, folder, display, storage=options["storage"], **common)


def _check_forms(resume: Path | None, show: Path | None, dry_run: bool, form: str | None, as_json: bool) -> None:
    from trm.cli.chosen import is_given

    if as_json and form:
        raise UsageError(f"--json and --{form} exclude each other. Choose one.")
    named = [name for name, given in (("--resume", resume), ("--show", show), ("--dry-run", dry_run or None)) if given]
    if len(named) > 1:
        raise UsageError(f"{named[0]} and {named[1]} exclude each other. Choose one.")
    if named and named[0] != "--dry-run":
        options = {
            name: f"--{name}" for name in (*OF_A_NEW_SWEEP, *(("search", "jobs", "device") if show else ("metric",)))
        }
        options |= {everyday.parameter: everyday.option for everyday in EVERYDAY} | {"task": "TASK", "sets": "--set"}
        given = next((option for name, option in options.items() if is_given(name)), None)
        if given is not None:
            raise UsageError(f"Omit {given} with {named[0]}: the folder says what is trained.")


def _request(task: str | None, options: Mapping[str, Any]) -> SweepRequest:
    """What the options ask for."""
    from trm.cli.chosen import choose
    from trm.experiment.sweeping.request import METRIC, SweepRequest
    from trm.experiment.sweeping.sweep import preset_for
    from trm.experiment.sweeping.values import parameters_of
    from trm.plugins.code import config_class_of

    if task is not None and (Path(task) / "sweep.json").is_file():
        raise UsageError(
            f"{task} is the folder of a sweep. Show it with --show {task}, continue it with --resume {task}."
        )
    if task is None and options["config"] is None:
        raise UsageError("Name a task: `trm sweep TASK --set A.B=C,D`. `trm list-tasks` lists them.")
    chosen = choose(task, options)
    own = chosen.options
    return SweepRequest(
        task=chosen.spec.name,
        preset=preset_for(chosen.preset, from_file=options["config"] is not None),
        parameters=parameters_of(chosen.sets, config_class_of(chosen.spec)),
        seeds=options["seeds"] or (0,),
        dataset=own["dataset"],
        augmentation=own["augmentation"],
        data=own["data"],
        init=own["init"],
        metric=options["metric"] or METRIC,
        search=options["search"],
        threads=options["threads"],
    )


def _list(request: SweepRequest, output: Path | None, as_json: bool) -> None:
    """List the trials that would be trained."""
    from trm.experiment.sweeping.sweep import planned
    from trm.runs.differences import described
    from trm.words import counted

    trials = planned(request, output)
    runs = (request.search or len(trials)) * len(request.seeds)
    if as_json:
        listed = [{"trial": one.name, "values": dict(one.values), "seeds": list(one.seeds)} for one in trials]
        print_json({"runs": runs, "seeds": list(request.seeds), "search": request.search, "trials": listed})
        return
    for trial in trials:
        echo(f"{trial.name}: {described(dict(trial.values)) or 'the settings of the preset'}")
    for item in request.parameters if request.search else ():
        echo(f"{item.name}: {item}")
    seeds = ", ".join(map(str, request.seeds))
    what = counted(request.search, "trial") if request.search else counted(len(trials), "combination")
    echo(f"{what} with seed{'s' * (len(request.seeds) > 1)} {seeds}: {counted(runs, 'run')}. Nothing was trained.")
