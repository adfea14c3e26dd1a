"""What `trm sweep` prints: a row for each combination, the failures, and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from trm.cli.output import echo
from trm.cli.sheet import Column, as_csv, duration, fitted, markdown
from trm.errors import cannot_write
from trm.render.console import Console
from trm.runs.differences import described, setting_text

if TYPE_CHECKING:
    from trm.experiment.sweeping.results import SweepResult, TrialResult

BEST = " *"


def print_result(result: SweepResult, form: str | None) -> None:
    """Print the table, its notes and the failures.

    Args:
        result: the sweep.
        form: "markdown" or "csv". Default: a table for the terminal.
    """
    if form == "csv":
        echo(as_csv([_record(result, trial) for trial in result.ranked]))
        return
    columns = _columns(result)
    if form == "markdown":
        echo("\n".join([markdown(columns), *(f"\n{note}" for note in result.notes())]))
        return
    console = Console(highlight=False)
    for part in fitted(columns, console.width):
        console.print(part)
    console.print()
    for note in [*result.notes(), *_failures(result), _ending(result)]:
        console.print_text(Text(note))


def draw(result: SweepResult, path: Path) -> None:
    """Draw parallel coordinates and learning curves.

    Raises:
        UsageError: the file cannot be written.
    """
    from trm.render.sweep_plots import Line, SweepFigure, write_sweep
    from trm.runs.history import read_history

    lines = []
    for trial in result.trials:
        values = {name: trial.values.get(name) for name in result.varied}
        histories = [read_history(run.folder) for run in trial.runs if (run.folder / "config.json").exists()]
        curves = {name: tuple(history.curve(name) for history in histories) for name in (result.metric, "loss")}
        lines.append(Line(trial.name, values, trial.mean, curves))
    figure = SweepFigure(result.varied, result.metric, f"{result.metric} ({result.split})", result.higher_is_better)
    try:
        write_sweep(path, figure, lines)
    except OSError as error:
        raise cannot_write(path, error, "--plot") from error
    echo(f"Written: {path}", err=True)


def _columns(result: SweepResult) -> list[Column]:
    trials, best = result.ranked, result.best
    columns = [Column("trial", [trial.name + (BEST if trial is best else "") for trial in trials])]
    columns += [
        Column(name, [setting_text(trial.values[name]) if name in trial.values else "-" for trial in trials])
        for name in result.varied
    ]
    columns += [
        Column(result.metric, [trial.shown_score for trial in trials], number=True),
        Column("runs", [f"{trial.complete}/{len(trial.runs)}" for trial in trials], number=True),
    ]
    if not result.is_complete:
        columns.append(Column("state", [trial.state for trial in trials]))
    parameters = ["" if trial.parameters is None else f"{trial.parameters:,}" for trial in trials]
    measured = [
        Column("time", [duration(trial.seconds) for trial in trials], number=True, needed=False),
        Column("parameters", parameters, number=True, needed=False),
    ]
    return columns + [column for column in measured if any(column.values)]


def _record(result: SweepResult, trial: TrialResult) -> dict[str, object]:
    """A row of the CSV table."""
    return {
        "trial": trial.name,
        **{name: trial.values.get(name) for name in result.varied},
        result.metric: trial.mean,
        f"{result.metric}_std": trial.spread,
        "split": result.split,
        "runs": len(trial.runs),
        "complete": trial.complete,
        "state": trial.state,
        "seconds": trial.seconds,
        "parameters": trial.parameters,
    }


def _failures(result: SweepResult) -> list[str]:
    """A sentence for each run that failed."""
    from trm.experiment.sweeping.finished import failure_text

    failures = []
    for trial in result.trials:
        for run in trial.runs:
            if run.state == "failed":
                values = described({**result.shown_values(trial), "seed": run.seed})
                failures.append(f"Failed: {trial.name} ({values}): {failure_text(run)}")
    return [*failures, "The same command tries failed runs again."] if failures else []


def _ending(result: SweepResult) -> str:
    if not result.trials:
        return f"There are no trials in {result.folder} yet."
    return f"The runs are in {result.folder}; compare them with: trm compare {result.folder}"
