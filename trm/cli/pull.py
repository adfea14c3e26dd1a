"""`trm pull`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import json_option, load_torch, registry_with_warnings
from trm.cli.output import echo, print_json
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.runs.locate import Checkpoint


@click.command("pull")
@click.argument("model", required=False, metavar="[OWNER/NAME[@REVISION]]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Run folder or FILE.safetensors to write (default: the Hub's cache only).",
)
@click.option("--force", is_flag=True, help="Download again, and replace --output if it is a run or a file.")
@click.option(
    "--list", "listing", is_flag=True, help="List the models of trm on the Hub, those of OWNER if one is given."
)
@json_option
def command(model: str | None, output: Path | None, force: bool, listing: bool, as_json: bool) -> None:
    """Download a model from the Hugging Face Hub, as a run folder or into the Hub's cache.

    Commands that take weights also take hf://OWNER/NAME[@REVISION] and download it themselves. A private model needs
    `hf auth login` or HF_TOKEN.
    """
    if listing:
        if output is not None or force:
            raise UsageError("--list downloads nothing: omit --output and --force.")
        _list(model, as_json)
        return
    if model is None:
        raise UsageError("Name a model: `trm pull OWNER/NAME`. `trm pull --list` lists the models of trm on the Hub.")
    registry_with_warnings()
    from trm.runs.hub import HubReference

    reference = HubReference.parse(model)
    load_torch()
    from trm.runs.hub import download_records, download_weights
    from trm.runs.locate import locate
    from trm.runs.pulling import check_target, write_pulled

    if output is not None:
        check_target(output, force)
    found = download_weights(reference, again=force)
    checkpoint = locate(str(found.reference))
    checkpoint.model()  # damaged weights are found before anything is written
    if output is not None:
        write_pulled(checkpoint, download_records(found, again=force), output)
    _report(checkpoint, output, as_json)


def _report(checkpoint: Checkpoint, output: Path | None, as_json: bool) -> None:
    path = output or checkpoint.path
    if as_json:
        print_json({"model": checkpoint.source, "task": checkpoint.run.task, "path": str(path.absolute())})
        return
    echo(f"{checkpoint.source}: {checkpoint.run.task} {checkpoint.run.preset or ''}".rstrip())
    if output is None:
        echo(f"In the cache: {path}")
        echo(f"Use it with: trm evaluate {checkpoint.source}")
    else:
        echo(f"Written: {path}; score it with: trm evaluate {path}")


def _list(owner: str | None, as_json: bool) -> None:
    from trm.runs.hub import list_models

    owner = owner.removeprefix("hf://").rstrip("/") if owner is not None else None
    if owner is not None and "/" in owner:
        raise UsageError(f"--list takes the name of a user or an organization: {owner.partition('/')[0]}, not {owner}.")
    models = list_models(owner)
    if as_json:
        print_json(models)
    elif models:
        _print(models)
    else:
        echo(f"There are no models of trm{f' by {owner}' if owner else ''} on the Hub that you may see.")


def _print(models: list[dict[str, Any]]) -> None:
    from trm.cli.sheet import Column, fitted, percent
    from trm.render.console import Console

    console = Console(highlight=False)
    columns = [
        Column("model", [f"hf://{model['model']}" for model in models]),
        Column("task", [str(model["task"] or "-") for model in models]),
        Column("exact", [_share(model["exact_accuracy"], percent) for model in models], number=True),
        Column("updated", [model["updated"] or "-" for model in models], needed=False),
        Column("access", ["private" if model["private"] else "public" for model in models], needed=False),
    ]
    for part in fitted(columns, console.width):
        console.print(part)


def _share(value: Any, percent: Any) -> str:
    return percent(value) if isinstance(value, float) and 0 <= value <= 1 else "-"
