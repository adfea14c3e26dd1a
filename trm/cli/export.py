"""`trm export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import load_torch, registry_with_warnings
from trm.cli.output import echo
from trm.errors import TRMError, UsageError, cannot_write
from trm.words import counted

if TYPE_CHECKING:
    from trm.runs.locate import Checkpoint

TOLERANCE = 1e-3  # relative; the recursion amplifies differences in rounding


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("checkpoint", shell_complete=complete.checkpoints)
@click.option(
    "--format",
    "form",
    type=click.Choice(["weights", "official", "onnx", "torch-export"]),
    required=True,
    help="weights: one file with configuration and model card, as plugins ship it; official: step_N and all_config.yaml, "
    "as the paper's code writes them.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder (official) or file to write."
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Number of supervision steps in onnx and torch-export (default: the model's).",
)
def command(checkpoint: str, form: str, output: Path, steps: int | None) -> None:
    """Write CHECKPOINT for other programs: the averaged weights, which `trm evaluate` scores.

    CHECKPOINT is a run folder, a step_N folder in it, a weights file, a task that ships weights, or hf://owner/name.
    """
    registry_with_warnings()
    load_torch()
    from trm.runs.locate import locate

    if form == "official":
        if steps is not None:
            raise UsageError("--steps is for onnx and torch-export; the official format has no fixed number of steps.")
        _official(locate(checkpoint), output)
        return
    if output.exists():
        raise UsageError(f"{output} exists. Choose another --output.")
    located = locate(checkpoint)
    if form == "weights":
        _weights(located, output)
    elif form == "onnx":
        _onnx(located, output, steps)
    else:
        from trm.interop.torch_export import export_torch

        echo(f"Written: {export_torch(located.model(), output, steps)}")


def _weights(checkpoint: Checkpoint, output: Path) -> None:
    from trm.experiment.card import model_card
    from trm.experiment.experiment import Experiment
    from trm.experiment.loaded import LoadedModel
    from trm.experiment.session import Session
    from trm.runs.weights_file import save_weights_file

    card = model_card(LoadedModel(checkpoint, Experiment.from_run(checkpoint.run), Session.open("cpu")))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        save_weights_file(output, checkpoint.run, checkpoint.tensors, card)
    except OSError as error:
        raise cannot_write(output, error) from error
    scores = ", ".join(f"{name} {value:.2%}" for name, value in card["scores"].items())
    echo(f"Written: {output} ({scores} on {counted(card['puzzles'], 'test puzzle')})")


def _official(checkpoint: Checkpoint, output: Path) -> None:
    from trm.interop.official import save_checkpoint

    step = checkpoint.step or 0
    if output.is_file() or (output / f"step_{step}").exists():
        raise UsageError(f"{output} has this checkpoint already, or is a file. Choose another --output.")
    echo(f"Written: {save_checkpoint(checkpoint.model(), output, step, checkpoint.run.training)}")


def _onnx(checkpoint: Checkpoint, output: Path, steps: int | None) -> None:
    from trm.interop.onnx import check_onnx, export_onnx

    model = checkpoint.model()
    export_onnx(model, output, steps)
    difference = check_onnx(model, output, steps)
    if difference is None:
        echo(f"Written: {output} (not checked: onnxruntime is not installed)")
        return
    if not difference < TOLERANCE:
        output.unlink()
        raise TRMError(f"onnxruntime disagrees with the model: the logits differ by {difference:.1e}.")
    echo(f"Written: {output} (checked with onnxruntime: the logits differ by {difference:.1e} at most)")
