"""`trm import-checkpoint`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli.common import load_torch, registry_with_warnings, seed_option, task_options
from trm.cli.output import echo, echo_notes
from trm.progress import progress
from trm.words import counted

if TYPE_CHECKING:
    from trm.config import RunConfig
    from trm.experiment.experiment import Experiment
    from trm.model import TinyRecursiveModel


@click.command("import-checkpoint", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The run folder (default: a new one in runs/).")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The all_config.yaml of SOURCE, if it is not beside it."
)
@click.option("--task", help="The task it was trained on, which `trm evaluate` and `trm solve` need.")
@task_options
@click.option("--context-length", type=click.IntRange(min=1), help="Positions of a puzzle (default: the task's).")
@click.option(
    "--num-puzzles",
    type=click.IntRange(min=1),
    help="Number of puzzle ids; if it differs from SOURCE's, each id gets the mean vector.",
)
@seed_option
def command(
    source: Path,
    output: Path | None,
    config: Path | None,
    task: str | None,
    preset: str | None,
    sets: tuple[str, ...],
    dataset: str | None,
    context_length: int | None,
    num_puzzles: int | None,
    seed: int,
) -> None:
    """Convert SOURCE, a checkpoint of the paper's code or of HRM's, into a run.

    SOURCE is a folder with step_N and all_config.yaml, one such step_N, or hf://owner/name. No code in it is executed.
    """
    registry_with_warnings()
    load_torch()
    from trm.errors import UsageError
    from trm.experiment.experiment import Experiment
    from trm.interop.official import load_checkpoint
    from trm.interop.official.reading import weights_file
    from trm.runs.hub import HubReference, download_paper_checkpoint, is_hub_reference
    from trm.runs.run_folder import RunFolder, check_free, free_folder, step_number

    if task is None and (preset or sets or dataset):
        raise UsageError("--preset, --set and --dataset describe a task's data: add --task.")
    experiment = Experiment.from_preset(task, preset, sets, dataset=dataset, seed=seed) if task else None
    if experiment is not None:
        echo_notes(experiment.notes)
    output = output or free_folder("imported")
    check_free(output)
    if context_length is None and experiment is not None:
        context_length = experiment.task.description.seq_len
    if is_hub_reference(source):
        source = download_paper_checkpoint(HubReference.parse(source))
    with progress("Converting the checkpoint"):
        model = load_checkpoint(source, config, num_puzzles, context_length)
        step = max(step_number(weights_file(source)), 0)
        run = RunFolder.create(output, _run_config(model, experiment, source))
        tensors = {"model.safetensors": model.state_dict()}
        run.mark("latest", run.save_checkpoint(step, tensors, {"imported_from": str(source)}))
    _report(model, output, task)


def _run_config(model: TinyRecursiveModel, experiment: Experiment | None, source: Path) -> RunConfig:
    from trm.config import RunConfig
    from trm.errors import CheckpointError

    if experiment is None:
        return RunConfig(model=model.config)
    found, wanted = model.config, experiment.task.description
    if (found.vocab_size, found.context_length) != (wanted.vocab_size, wanted.seq_len):
        raise CheckpointError(
            f"{source} takes {found.context_length} positions and {found.vocab_size} tokens, task "
            f"{experiment.task.name!r} as set has {wanted.seq_len} and {wanted.vocab_size}. Change the task's settings "
            "with --set."
        )
    return experiment.run_config(model.config).model_copy(update={"training": None, "starts_from": None})


def _report(model: TinyRecursiveModel, output: Path, task: str | None) -> None:
    config = model.config
    echo(
        f"{model.num_parameters():,} parameters ({config.architecture}, mixing {config.mixing}, "
        f"{config.context_length or 'any number of'} positions, {counted(config.vocab_size, 'token')}, "
        f"{counted(config.num_puzzles, 'puzzle id')})"
    )
    hint = f"; score it with: trm evaluate {output}" if task else ". To score it, import it again with --task."
    echo(f"The run is in {output}{hint}")
