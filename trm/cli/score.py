"""`trm score`."""

from __future__ import annotations

from dataclasses import replace

import click

from trm.cli import complete
from trm.cli.common import data_settings_option, json_option, registry_with_warnings
from trm.cli.output import echo, print_json
from trm.cli.puzzle_text import read_text
from trm.cli.score_report import print_task_scores
from trm.errors import UsageError
from trm.words import counted


@click.command("score")
@click.argument("task", shell_complete=complete.tasks)
@click.argument("file", shell_complete=complete.files)
@data_settings_option(
    "Change a setting that says which puzzles are scored, for example task.evaluation=arcagi2:evaluation."
)
@json_option
def command(task: str, file: str, sets: tuple[str, ...], as_json: bool) -> None:
    """Score the answers in FILE to puzzles of TASK, made by any program; `-` reads stdin.

    The task's defaults say which puzzles are scored. Answers that are missing count as wrong, and are named.
    """
    spec = registry_with_warnings().task(task)
    if spec.score is None:
        raise UsageError(f"Task {task!r} cannot score a file of answers. `trm evaluate` scores weights.")
    source, text = read_text(file)
    from trm.config.overrides import changed_task_config
    from trm.evaluation.requests import ScoreRequest
    from trm.experiment.task import Task

    bound = Task.of(spec)
    bound = replace(bound, config=changed_task_config(bound.config, sets))
    puzzles: list[int] = []
    request = ScoreRequest(
        config=bound.config, text=text, source=source or "the text", warn=_warn, scored=puzzles.append
    )
    scores = bound.score(request)
    if as_json:
        print_json({"task": task, "puzzles": sum(puzzles), "metrics": scores})
        return
    print_task_scores(f"{task}: {counted(sum(puzzles), 'puzzle')}", scores)


def _warn(sentence: str) -> None:
    echo(sentence, err=True)
