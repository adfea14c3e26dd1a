"""`trm evaluate`, `trace` and `demo` for a task that ships no weights and learns each puzzle from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trm.cli.output import echo, print_json
from trm.cli.score_report import print_task_scores
from trm.errors import PuzzleError, UsageError
from trm.words import counted

if TYPE_CHECKING:
    from trm.evaluation.requests import Refinement
    from trm.experiment.task import Task
    from trm.experiment.tracing import Trace


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


def trace_from_scratch(task: str, given: tuple[str, str] | None, steps: int | None, renderer: str | None) -> Trace:
    """Learn one puzzle and record the answers on the way.

    Args:
        task: the name of the task.
        given: the source and the text of the puzzle; None for one that the task chooses.
        steps: learning steps; None: chosen by the task.
        renderer: name of the renderer; None: the task's own.

    Raises:
        UsageError: the task has no such renderer.
        PuzzleError: the text is no puzzle, or several.
    """
    from trm.experiment.tracing import Trace
    from trm.progress import progress

    found = list(refinements(task, [given] if given else [], steps, 1))
    if len(found) != 1:
        raise PuzzleError(f"Expected one puzzle, the text has {len(found)}.")
    bound, refinement = found[0]
    bound.renderer(renderer)  # refuses an unknown one before anything is learned
    frames = []
    with progress("Learning", refinement.steps, "steps") as advance:
        done = 0
        for frame in refinement.frames:
            frames.append(frame)
            advance(frame.step - done)
            done = frame.step
    return Trace(bound, refinement.puzzle, tuple(frames), refinement.origin, renderer, given=refinement.given)


def refinements(
    task: str, texts: list[tuple[str, str]], steps: int | None, count: int
) -> Iterator[tuple[Task, Refinement]]:
    """How puzzles are learned; see `trm.experiment.untrained.refine_untrained`.

    Args:
        task: the name of the task.
        texts: the puzzles; none for `count` that the task chooses.
        steps: learning steps; None: chosen by the task.
        count: number of puzzles.
    """
    from trm.cli.display import CommandDisplay
    from trm.evaluation.budget import Budget
    from trm.evaluation.requests import UntrainedRequest
    from trm.experiment.task import Task
    from trm.experiment.untrained import refine_untrained

    bound = Task.named(task)
    budget = None if steps is None else Budget(steps=steps)
    yield from refine_untrained(
        bound,
        UntrainedRequest(config=bound.config, texts=texts, budget=budget, limit=count, warn=CommandDisplay().note),
    )
