"""How `trm evaluate` prints scores: one report, or a table of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm.cli.figures import check_figure
from trm.cli.output import echo
from trm.errors import UsageError
from trm.words import counted

if TYPE_CHECKING:
    from trm.experiment.results import Score
    from trm.experiment.score_series import ScoreSeries, Summary


def check_plot(plot: Path | None, all_checkpoints: bool) -> None:
    """Raise `UsageError` if a plot is asked for that cannot be drawn, before anything is scored."""
    if plot is None:
        return
    if not all_checkpoints:
        raise UsageError("--plot draws scores over the steps of a run: add --all-checkpoints.")
    check_figure(plot, "--plot")


def as_json_document(series: ScoreSeries) -> Any:
    """The report of a single score, or all reports with the summaries over the seeds."""
    if len(series.scores) == 1:
        return series.scores[0].as_json()
    return {
        "scores": [score.as_json() for score in series.scores],
        "seeds": [
            {"step": score.step, "split": score.split, "metrics": [asdict(summary) for summary in summaries]}
            for score, summaries in series.seeds()
        ],
    }


def print_scores(series: ScoreSeries) -> None:
    """Print one score in full, several as a table with the summaries over the seeds below it."""
    _print_conditions(series.scores[0])
    if len(series.scores) == 1:
        _print_metrics(series.scores[0])
    else:
        _print_table(series)
    for score, summaries in series.seeds():
        step = f", step {score.step:,}" if score.step is not None else ""
        print_summaries(f"{score.split} puzzles{step}", summaries)
    for output in dict.fromkeys(score.output for score in series.scores if score.output is not None):
        echo(f"Written to {output}")


def print_task_scores(heading: str, scores: Mapping[str, float]) -> None:
    """Print what a task's own function gave as scores, where no weights were scored."""
    echo(heading)
    for name, value in scores.items():
        _print_share(name, value)


def _print_conditions(score: Score) -> None:
    searched = f", {score.tries} tries" if score.tries > 1 else ""
    searched += ", each further one with a pinned guess" if score.search == "pin" else ""
    searched += ", most confident answer of all steps" if score.answer == "surest" else ""
    searched += ", checked by the rules" if score.checked else ""
    searched += f", fewer where the model is {score.halt:.0%} sure" if score.halt is not None else ""
    searched += f", {score.puzzle_ids} puzzle ids" if score.puzzle_ids else ""
    step = f", step {score.step:,} ({score.weights})" if score.step is not None else ""
    echo(f"{score.task}: {score.data}")
    echo(f"Weights: {score.source or score.checkpoint}{step}")
    echo(
        f"{counted(score.supervision_steps, 'supervision step')}{searched}, {score.precision}, {score.seconds:.1f} s, "
        f"{score.rate:,.3g} puzzles/s per core"
    )


def _print_share(name: str, value: float, note: str = "") -> None:
    echo(f"  {name:<20} {value:.2%}{note}")


def _print_metrics(score: Score) -> None:
    if not score.metrics:
        echo("  no known answers")
    for name, value in score.metrics.items():
        interval = score.intervals.get(name)
        between = f"  (95 % interval: {interval[0]:.2%} to {interval[1]:.2%})" if interval else ""
        _print_share(name, value, between)


def _print_table(series: ScoreSeries) -> None:
    from rich.table import Table

    from trm.render.console import Console

    labels = {
        "step": [f"{score.step:,} ({score.weights})" if score.step is not None else "-" for score in series.scores],
        "split": [score.split for score in series.scores],
        "seed": [str(score.data.seed) for score in series.scores],
        "puzzles": [f"{score.puzzles:,}" for score in series.scores],
    }
    told = {name: values for name, values in labels.items() if len(set(values)) > 1}
    table = Table(box=None, pad_edge=False)
    for name in (*told, *series.scores[0].metrics):
        table.add_column(name, justify="right", no_wrap=name in told)
    for number, score in enumerate(series.scores):
        table.add_row(*(values[number] for values in told.values()), *_percentages(score.metrics.values()))
    Console(highlight=False).print(table)


def print_summaries(measured_on: str, summaries: Iterable[Summary]) -> None:
    """Print mean, spread and interval of each metric over several seeds."""
    echo(f"Over the seeds ({measured_on}), mean, standard deviation and 95 % interval of the mean:")
    for summary in summaries:
        low, high = summary.interval
        echo(f"  {summary.metric:<20} {summary.mean:.2%} ± {summary.spread:.2%}  ({low:.2%} to {high:.2%})")


def _percentages(values: Iterable[float]) -> list[str]:
    return [f"{value:.2%}" for value in values]
