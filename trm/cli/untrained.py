"""`trm evaluate` for a task that ships no weights and learns each puzzle from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm.cli.output import echo, print_json
from trm.cli.score_report import print_task_scores
from trm.errors import UsageError
from trm.words import counted


def evaluate_from_scratch(task: str, seed: int, as_json: bool, options: Mapping[str, Any]) -> None:
    """Score a task and print the scores.

    Args:
        task: its name.
        seed: seed of learning.
        as_json: whether to print JSON.
        options: the other options of `trm evaluate`.

    Raises:
        UsageError: an option has no use here, or there is no output folder.
    """
    import torch

    from trm.cli.display import CommandDisplay
    from trm.config.overrides import changed_task_config
    from trm.evaluation.options import SearchFields, SearchOptions
    from trm.evaluation.requests import UntrainedRequest
    from trm.experiment.task import Task
    from trm.experiment.untrained import evaluate_untrained

    unused = [name for name in ("data", "dataset", "metrics", "puzzle_ids") if options[name]]
    if unused:
        raise UsageError(
            f"Task {task!r} ships no weights and learns from scratch: omit --{unused[0].replace('_', '-')}."
        )
    if options["output"] is None:
        raise UsageError(
            f"Task {task!r} ships no weights. To learn each puzzle from scratch, name a folder for the results with --output, and "
            "the time for each with --budget."
        )
    display, puzzles, output = CommandDisplay(), list[int](), options["output"]
    bound = Task.named(task)
    request = UntrainedRequest(
        config=changed_task_config(bound.config, options["sets"]),
        seed=seed,
        output=output,
        limit=options["limit"],
        jobs=torch.get_num_threads(),
        progress=display.track,
        warn=display.note,
        scored=puzzles.append,
    )
    search = SearchOptions(**{name: options[name] for name in SearchFields.__annotations__ if name in options})
    scores = evaluate_untrained(bound, request, search)
    if as_json:
        print_json({"task": task, "puzzles": sum(puzzles), "metrics": scores, "output": str(output)})
        return
    count = counted(sum(puzzles), "puzzle")
    print_task_scores(f"{task}: {count}, each learned from scratch, budget {search.budget}", scores)
    echo(f"Written to {output}")
