"""`trm solve`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from trm.cli.common import device_option, json_option, print_json, registry_with_warnings, threads_option, use_threads
from trm.errors import PuzzleError, UsageError


@click.command("solve")
@click.argument("task")
@click.argument("puzzles", nargs=-1)
@click.option("--checkpoint", help="A run, a checkpoint or a weights file; left out, the weights that the task ships.")
@click.option("--steps", type=click.IntRange(min=1), help="Supervision steps; left out, as in training.")
@device_option
@threads_option
@json_option
def command(
    task: str,
    puzzles: tuple[str, ...],
    checkpoint: str | None,
    steps: int | None,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Answer PUZZLES of TASK, each given as text or as a file; `-` or nothing reads stdin.

    Every answer is judged by the task's rules. The exit code is 1 if one is not valid.
    """
    registry = registry_with_warnings()
    use_threads(threads)
    spec = registry.task(task)
    if spec.parse is None:
        raise UsageError(f"Task {task!r} can't read puzzles from text.")
    texts = _texts(puzzles)
    from trm.cli.checkpoints import load_for_task
    from trm.devices import get_backend
    from trm.experiment import Experiment

    backend = get_backend(device)
    loaded = load_for_task(checkpoint or task, task)
    experiment = Experiment.from_run(loaded.run)
    parsed = [puzzle for source, text in texts for puzzle in _parse(experiment, source, text)]
    results = _answer(experiment, loaded.model.to(backend.device), backend, parsed, steps)
    if as_json:
        print_json(
            [{key: value for key, value in result.items() if key not in ("inputs", "tokens")} for result in results]
        )
    else:
        _print(experiment, results)
    if any(result["problem"] for result in results):
        click.get_current_context().exit(1)


def _texts(puzzles: Sequence[str]) -> list[tuple[str, str]]:
    """What to read, with its name for error messages."""
    texts = []
    for item in puzzles or ("-",):
        path = Path(item)
        if item == "-":
            if sys.stdin.isatty():
                click.echo("Type puzzles, then end with Ctrl-D.", err=True)
            texts.append(("stdin", sys.stdin.read()))
        elif len(item) < 256 and "\n" not in item and path.is_file():
            texts.append((item, path.read_text(encoding="utf-8", errors="replace")))
        else:
            texts.append(("", item))
    return texts


def _parse(experiment: Any, source: str, text: str) -> list[Any]:
    from trm.specs import load

    try:
        parsed: list[Any] = load(experiment.spec.parse)(text, experiment.task_config)
        if not parsed:
            raise PuzzleError("There is no puzzle to solve.")
        if experiment.spec.solvable is not None:
            solvable = load(experiment.spec.solvable)
            for inputs in parsed:
                reason = solvable(inputs, experiment.task_config)
                if reason is not None:
                    raise PuzzleError(reason)
        return parsed
    except PuzzleError as error:
        raise PuzzleError(f"{source}: {error}") from None if source else error


def _answer(experiment: Any, model: Any, backend: Any, parsed: list[Any], steps: int | None) -> list[dict[str, Any]]:
    import numpy as np
    import torch

    from trm.data.batch import Batch
    from trm.evaluation.evaluate import answer
    from trm.specs import load

    inputs = torch.from_numpy(np.stack(parsed).astype(np.int64)).to(backend.device)
    batch = Batch(inputs, torch.zeros_like(inputs), torch.zeros(len(inputs), dtype=torch.long, device=backend.device))
    output = answer(model, batch, steps or model.config.n_supervision, backend)
    to_text = load(experiment.spec.format) if experiment.spec.format else None
    results = []
    for puzzle, tokens, halt in zip(parsed, output.predictions.cpu().numpy(), output.halt_logits.cpu(), strict=True):
        results.append(
            {
                "inputs": puzzle,
                "tokens": tokens,
                "puzzle": to_text(puzzle, experiment.task_config) if to_text else puzzle.tolist(),
                "answer": to_text(tokens, experiment.task_config) if to_text else tokens.tolist(),
                "problem": experiment.check(puzzle, tokens),
                "confidence": round(float(torch.sigmoid(halt)), 4),
            }
        )
    return results


def _print(experiment: Any, results: list[dict[str, Any]]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    renderer = experiment.build_renderer()
    for number, result in enumerate(results, start=1):
        if number > 1:
            console.print()
        console.print(renderer.render(result["inputs"], result["tokens"]))
        click.echo(result["answer"])
        confidence = f"the model gives it {result['confidence']:.0%}"
        if result["problem"]:
            console.print(f"[bold red]not valid[/]: {result['problem']} ({confidence})", soft_wrap=True)
        elif experiment.spec.check:
            console.print(f"[bold green]valid[/] ({confidence})", soft_wrap=True)
