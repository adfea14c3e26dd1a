"""`trm export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trm.cli import complete
from trm.cli.common import registry_with_warnings
from trm.cli.output import echo

if TYPE_CHECKING:
    from trm.runs.checkpoint import LoadedModel

TOLERANCE = 1e-3  # relative; the recursion amplifies the other library's rounding


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("checkpoint", shell_complete=complete.checkpoints)
@click.option(
    "--format",
    "form",
    type=click.Choice(["weights", "official", "onnx", "torch-export"]),
    required=True,
    help="weights: one file with its configuration and model card, as plugins ship it; official: step_N and "
    "all_config.yaml, as the paper's code writes them.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="The folder (official) or the file to write."
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Supervision steps that onnx and torch-export do; left out, the model's.",
)
def command(checkpoint: str, form: str, output: Path, steps: int | None) -> None:
    """Write CHECKPOINT for other programs: the weights that `trm evaluate` scores, that is, the averaged ones.

    CHECKPOINT is a run folder, a step_N folder of it, a weights file, or a task that ships weights.
    """
    registry_with_warnings()
    from trm.cli.checkpoints import load_for_task
    from trm.errors import UsageError

    if form == "official":
        if steps is not None:
            raise UsageError("--steps is for onnx and torch-export; the official form has no fixed number of steps.")
        _official(load_for_task(checkpoint), output)
        return
    if output.exists():
        raise UsageError(f"{output} exists. Choose another --output.")
    loaded = load_for_task(checkpoint)
    if form == "weights":
        _weights(loaded, output)
    elif form == "onnx":
        _onnx(loaded, output, steps)
    else:
        from trm.interop.torch_export import export_torch

        echo(f"Written: {export_torch(loaded.model, output, steps)}")


def _weights(loaded: LoadedModel, output: Path) -> None:
    from trm.devices import get_backend
    from trm.errors import TRMError
    from trm.experiment.card import model_card
    from trm.experiment.experiment import Experiment
    from trm.runs.checkpoint import save_weights_file

    card = model_card(loaded, Experiment.from_run(loaded.run), get_backend("cpu"))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        save_weights_file(loaded, output, card)
    except OSError as error:
        raise TRMError(f"{output} can't be written: {error.strerror}. Choose another --output.") from error
    scores = ", ".join(f"{name} {value:.2%}" for name, value in card["scores"].items())
    echo(f"Written: {output} ({scores} on {card['puzzles']:,} unseen puzzles)")


def _official(loaded: LoadedModel, output: Path) -> None:
    from trm.errors import UsageError
    from trm.interop.official import save_checkpoint

    if output.is_file() or (output / f"step_{loaded.step or 0}").exists():
        raise UsageError(f"{output} has this checkpoint already, or is a file. Choose another --output.")
    echo(f"Written: {save_checkpoint(loaded.model, output, loaded.step or 0, loaded.run.training)}")


def _onnx(loaded: LoadedModel, output: Path, steps: int | None) -> None:
    from trm.errors import TRMError
    from trm.interop.onnx import check_onnx, export_onnx

    export_onnx(loaded.model, output, steps)
    difference = check_onnx(loaded.model, output, steps)
    if difference is None:
        echo(f"Written: {output} (not checked: onnxruntime is not installed)")
        return
    if not difference < TOLERANCE:
        output.unlink()
        raise TRMError(f"onnxruntime computes something else than the model: its logits differ by {difference:.1e}.")
    echo(f"Written: {output} (checked with onnxruntime: logits differ by {difference:.1e} at most)")
