"""What `trm train` prints at the end: a test puzzle with its answer and the scores, or the scores over several seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.cli.include import command_line
from trm.cli.output import echo, print_json
from trm.cli.score_report import print_summaries
from trm.words import counted

if TYPE_CHECKING:
    from trm.experiment.fit import TrainedRun
    from trm.experiment.resumption import FinishedRun
    from trm.experiment.seeds import TrainedSeeds
    from trm.render.console import Console


def report(run: TrainedRun | FinishedRun, console: Console, as_json: bool) -> None:
    """Print one test puzzle with its answer, then the scores; of a run that was finished before, only the scores."""
    from trm.experiment.resumption import FinishedRun

    if isinstance(run, FinishedRun):
        if as_json:
            print_json(dict(run.summary))
        else:
            echo(str(run))
        return
    if as_json:
        print_json(dict(run))
        return
    from rich.text import Text

    console.print(run.example())
    train_scores = "".join(
        f"On training examples: {name} {value:.2%}\n" for name, value in run.scores.items() if name.startswith("train_")
    )
    scores = ", ".join(f"{name} {value:.2%}" for name, value in run.scores.items() if not name.startswith("train_"))
    kind = "test" if run.overlap.leaked else "unseen"
    leaked = f"Note: {run.overlap}\n" if run.overlap.leaked else ""
    text = Text.assemble(
        f"On {counted(run['test_puzzles'], f'{kind} puzzle')}: ",
        (scores or "no known answers", "bold"),
        f"\n{leaked}{train_scores}"
        f"{run['parameters']:,} parameters, {_steps(run)}, {run['seconds'] / 60:.1f} minutes of training, "
        f"{run['precision']}, seed {run['seed']}\n"
        f"Scored at the last step, {counted(run['supervision_steps'], 'supervision step')}, on {run.test_data}\n"
        f"Trained on {run.train_data}",
    )
    console.print_text(text)
    echo(f"The run is in {run.folder}; score it again with: {command_line(f'evaluate {run.folder}')}")


def _steps(run: TrainedRun) -> str:
    """The number of steps; for a run of several stages also that of each."""
    stages = ", ".join(f"{stage['preset']} {stage['steps']:,}" for stage in run.summary.get("stages", ()))
    return counted(run["steps"], "step") + (f" ({stages})" if stages else "")


def report_seeds(trained: TrainedSeeds, as_json: bool) -> None:
    """Print the final scores of each seed, and their mean, spread and interval."""
    if as_json:
        print_json(trained.as_json())
        return
    for seed, summary in zip(trained.seeds, trained.summaries, strict=True):
        scores = ", ".join(f"{name} {value:.2%}" for name, value in summary["final_metrics"].items())
        echo(f"seed {seed}: {scores or 'no known answers'}")
    puzzles = {summary["test_puzzles"] for summary in trained.summaries}
    if trained.scores():
        print_summaries(f"{max(puzzles):,} test puzzles each", trained.scores())
    echo(f"The runs are in {trained.folder}; compare them with: trm compare {trained.folder}")
