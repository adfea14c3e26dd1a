"""`trm solve`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    checkpoint_option,
    device_option,
    json_option,
    registry_with_warnings,
    search_options,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json
from trm.cli.puzzle_text import read_text
from trm.cli.task_overrides import refuse_search, solve_own_way
from trm.errors import CheckpointError, PuzzleError, UsageError

if TYPE_CHECKING:
    from trm.devices import Backend
    from trm.evaluation.search import Search
    from trm.experiment.experiment import Experiment
    from trm.runs.checkpoint import LoadedModel


@click.command("solve")
@click.argument("task", shell_complete=complete.tasks)
@click.argument("puzzles", nargs=-1)
@checkpoint_option
@search_options
@device_option
@threads_option
@json_option
def command(
    task: str,
    puzzles: tuple[str, ...],
    checkpoint: str | None,
    steps: int | None,
    restarts: int,
    votes: int | None,
    answer: str | None,
    use_check: bool | None,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Answer PUZZLES of TASK, each given as text or as a file; `-` or nothing reads stdin.

    Every answer is judged by the task's rules. The exit code is 1 if one is not valid. Without --checkpoint, puzzles that the
    task's default weights fail at are given to the others that it ships.
    """
    registry = registry_with_warnings()
    use_threads(threads)
    spec = registry.task(task)
    if spec.parse is None and spec.solve is None:
        raise UsageError(f"Task {task!r} can't read puzzles from text.")
    texts = [read_text(given) for given in puzzles or ("-",)]
    from trm.cli.checkpoints import load_for_task
    from trm.devices import get_backend
    from trm.experiment.experiment import Experiment

    backend = get_backend(device)
    loaded = load_for_task(checkpoint, task)
    experiment = Experiment.from_run(loaded.run)
    if spec.solve is not None:
        refuse_search(spec, restarts, answer, use_check)
        solve_own_way(loaded, experiment, backend, steps, votes, texts, as_json)
        return
    parsed = [item for source, text in texts for item in _parse(experiment, source, text)]
    check = spec.check is not None if use_check is None else use_check
    search = {"restarts": restarts, "votes": votes or 1, "answer": answer, "use_check": check}
    solve = functools.partial(_solve, backend=backend, steps=steps, search=search)
    results = solve(parsed, loaded)
    if checkpoint is None and check:
        _try_other_weights(task, parsed, results, solve)
    if as_json:
        hidden = ("experiment", "inputs", "tokens")
        print_json([{key: value for key, value in result.items() if key not in hidden} for result in results])
    else:
        _print(results)
    if any(result["problem"] for result in results):
        if check and restarts == 1:
            echo("More thinking may help: --steps 64 --restarts 16", err=True)
        click.get_current_context().exit(1)


def _solve(
    parsed: list[tuple[Experiment, Any]],
    loaded: LoadedModel,
    backend: Backend,
    steps: int | None,
    search: dict[str, Any],
) -> list[dict[str, Any]]:
    results = []
    for _, group in groupby(parsed, key=lambda item: item[0].task_config):  # weights without a size solve several
        items = list(group)
        sized = items[0][0]
        model = sized.fitted(loaded).to(backend.device)
        plan = sized.search_plan(steps or sized.evaluation_steps(model.config), **search)
        results += _answer(sized, model, backend, [puzzle for _, puzzle in items], plan)
    return results


def _try_other_weights(
    task: str,
    parsed: list[tuple[Experiment, Any]],
    results: list[dict[str, Any]],
    solve: Callable[[list[tuple[Experiment, Any]], LoadedModel], list[dict[str, Any]]],
) -> None:
    """Replace the results that are not valid by those of the weights that the task ships beside its default ones."""
    from trm.cli.checkpoints import load_for_task, shipped_weights

    for preset in list(shipped_weights(task))[1:]:
        failed = [number for number, result in enumerate(results) if result["problem"]]
        if not failed:
            return
        name = f"{task}:{preset}"
        loaded = load_for_task(name, task)
        with contextlib.suppress(CheckpointError):  # of another size or vocabulary
            again = solve([parsed[number] for number in failed], loaded)
            for number, result in zip(failed, again, strict=True):
                if not result["problem"]:
                    results[number] = result | {"weights": name}


def _parse(experiment: Experiment, source: str, text: str) -> list[tuple[Experiment, Any]]:
    """The puzzles of a text, each with the experiment at its size."""
    from trm.plugins.code import load

    try:
        experiment = experiment.sized_for(text)
        assert experiment.spec.parse is not None
        parsed: list[Any] = load(experiment.spec.parse)(text, experiment.task_config)
        if not parsed:
            raise PuzzleError("There is no puzzle to solve.")
        if experiment.spec.solvable is not None:
            solvable = load(experiment.spec.solvable)
            for inputs in parsed:
                reason = solvable(inputs, experiment.task_config)
                if reason is not None:
                    raise PuzzleError(reason)
        return [(experiment, inputs) for inputs in parsed]
    except PuzzleError as error:
        if source:
            raise PuzzleError(f"{source}: {error}") from None
        raise


def _answer(experiment: Any, model: Any, backend: Any, parsed: list[Any], plan: Search) -> list[dict[str, Any]]:
    import numpy as np
    import torch

    from trm.data.batch import Batch
    from trm.evaluation.search import probability, search
    from trm.plugins.code import load

    inputs = torch.from_numpy(np.stack(parsed).astype(np.int64))
    found = search(model, Batch(inputs, inputs, torch.zeros(len(inputs), dtype=torch.long)), plan, backend)
    to_text = load(experiment.spec.format) if experiment.spec.format else None
    results = []
    for puzzle, tokens, halt_logit, steps in zip(
        parsed, found.predictions, found.halt_logits, found.steps, strict=True
    ):
        results.append(
            {
                "experiment": experiment,
                "inputs": puzzle,
                "tokens": tokens,
                "puzzle": to_text(puzzle, experiment.task_config) if to_text else puzzle.tolist(),
                "answer": to_text(tokens, experiment.task_config) if to_text else tokens.tolist(),
                "problem": experiment.check(puzzle, tokens),
                "confidence": round(probability(halt_logit), 4),
                "steps": int(steps),
            }
        )
    return results


def _print(results: list[dict[str, Any]]) -> None:
    from rich.text import Text

    from trm.render.console import Console

    console = Console(highlight=False)
    for number, result in enumerate(results, start=1):
        experiment = result["experiment"]
        if number > 1:
            console.print()
        console.print(experiment.build_renderer().render(result["inputs"], result["tokens"]))
        echo(result["answer"])
        by = f" of {result['weights']}" if "weights" in result else ""
        confidence = f"(after {result['steps']} supervision steps{by}; the model gives it {result['confidence']:.0%})"
        if result["problem"]:
            said = Text.assemble(("not valid", "bold red"), f": {result['problem']} {confidence}")
            console.print(said, soft_wrap=True)
        elif experiment.spec.check:
            console.print(Text.assemble(("valid", "bold green"), f" {confidence}"), soft_wrap=True)
