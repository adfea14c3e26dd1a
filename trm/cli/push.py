"""`trm push`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import json_option, load_torch, registry_with_warnings
from trm.cli.output import echo, print_json
from trm.errors import UsageError, cannot_write
from trm.words import counted

if TYPE_CHECKING:
    from trm.runs.hub import HubReference
    from trm.runs.hub_upload import Uploaded


@click.command("push")
@click.argument("run", shell_complete=complete.checkpoints)
@click.argument("repository", metavar="OWNER/NAME")
@click.option(
    "--private", is_flag=True, help="Create the repository as private (default: as your account's settings say)."
)
@click.option("--revision", metavar="BRANCH", help="Upload to this branch, which is created if necessary.")
@click.option("--message", help="Message of the commit.")
@click.option("--license", "licence", metavar="ID", help="Licence of the weights, for example mit or apache-2.0.")
@click.option("--dry-run", is_flag=True, help="Show the files and the model card without using the network.")
@click.option(
    "--yes", is_flag=True, help="Upload into a repository that holds something else than a model of trm, too."
)
@json_option
def command(run: str, repository: str, licence: str | None, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Upload RUN to the Hugging Face Hub: weights, settings, metrics, scores and a model card, in one commit.

    RUN is a run folder, a checkpoint in it, a weights file, or a task that ships weights. The repository is created if it
    does not exist. Log in with `hf auth login` first, or set HF_TOKEN. Everybody can use the model as hf://OWNER/NAME
    wherever weights are named. Paths of this machine are not uploaded.
    """
    registry_with_warnings()
    from trm.runs.hub import HubReference
    from trm.storage.hub_client import hub_client

    reference = _reference(HubReference.parse(repository), options["revision"])
    hub_client("trm push")
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.experiment.sharing import share
    from trm.experiment.solver import load
    from trm.runs.hub_upload import Upload

    upload = Upload(reference, options["private"], options["yes"])
    if not dry_run:
        upload.check_login()  # before the weights are scored, which may take a while
    model = share(load(run, display=CommandDisplay()).loaded, reference, licence)
    with tempfile.TemporaryDirectory() as folder:
        try:
            files = model.write(Path(folder))
        except OSError as error:
            raise cannot_write(folder, error, None) from error
        if dry_run:
            _show(reference, files, model.readme, as_json)
            return
        uploaded = upload.send(files, options["message"] or f"Upload {model.run.task} weights with trm")
    _report(uploaded, files, as_json)


def _reference(parsed: HubReference, branch: str | None) -> HubReference:
    """The model with the branch, which may also follow its name after an @.

    Raises:
        UsageError: the two differ.
    """
    if branch is None or parsed.revision == branch:
        return parsed
    if parsed.revision is not None:
        raise UsageError(f"Both {parsed} and --revision {branch} name a branch. Omit one of them.")
    return type(parsed).parse(f"{parsed}@{branch}")


def _show(reference: HubReference, files: Mapping[str, Path], readme: str, as_json: bool) -> None:
    sizes = {name: path.stat().st_size for name, path in files.items()}
    if as_json:
        print_json({"model": str(reference), "files": sizes, "card": readme})
        return
    echo(f"Would upload {counted(len(files), 'file')} to {reference}:")
    for name, size in sizes.items():
        echo(f"  {name:<18} {size:>12,} bytes")
    echo(f"\n{readme}", newline=False)


def _report(uploaded: Uploaded, files: Mapping[str, Path], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "model": str(uploaded.reference),
                "url": uploaded.url,
                "commit": uploaded.commit,
                "changed": uploaded.changed,
                "files": list(files),
            }
        )
        return
    done = (
        f"Uploaded {counted(len(files), 'file')}" if uploaded.changed else "Nothing has changed since the last upload"
    )
    echo(f"{done}, commit {uploaded.commit}. Use it with: trm evaluate {uploaded.reference}")
    echo(uploaded.url)
