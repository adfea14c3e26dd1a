"""Everything that can go wrong between this machine and the Hub has its message and exit code."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import refused, trm
from tests.support.hub_server import Hub

pytest.importorskip("huggingface_hub")
pytest.importorskip("trm_tasks_arithmetic")


def private(hub: Hub, run: Path) -> None:
    hub.add("them/secret", {"README.md": b""}, private=True)


def gated(hub: Hub, run: Path) -> None:
    hub.add("them/gated", {"README.md": b""}, gated=True)


def other_kind(hub: Hub, run: Path) -> None:
    hub.add("ann/other", {"README.md": b"---\nlibrary_name: diffusers\n---\n", "unet.bin": b"1"})


def without_settings(hub: Hub, run: Path) -> None:
    weights = next(run.glob("checkpoints/*/model.safetensors"))
    hub.add("them/bare", {"model.safetensors": weights.read_bytes()})


def broken(hub: Hub, run: Path) -> None:
    hub.add("them/broken", {"model.safetensors": b"\xff" * 100})


def unavailable(hub: Hub, run: Path) -> None:
    hub.failing = 503


def nothing(hub: Hub, run: Path) -> None:
    pass


HUB = "the Hugging Face Hub"
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


@pytest.mark.parametrize(
    "case",
    [
        (nothing, "", "push RUN ann/x",
         f"Cannot upload to ann/x: you are not logged in to {HUB}: {LOG_IN}.", 2),
        (nothing, "wrong", "push RUN ann/x",
         f"Cannot upload to ann/x: {HUB} refuses your token as invalid. Get a valid one: {LOG_IN}.", 2),
        (nothing, "hf_reader", "push RUN ann/x",
         "Cannot upload to ann/x: your token does not permit it (You don't have the rights to create a model under the "
         "namespace ann/x). Use one with write access to ann/x.", 2),
        (nothing, "hf_reader", "push RUN ann/add",
         "Cannot upload to ann/add: your token does not permit it (You don't have the required permissions). Use one with "
         "write access to ann/add. The model there is unchanged.", 2),
        (nothing, "hf_writer", "push RUN ann/add --private",
         "ann/add exists and is public. Make it private on its settings page, or omit --private.", 2),
        (other_kind, "hf_writer", "push RUN ann/other",
         "ann/other exists and holds a model of diffusers. Choose another name, or add --yes to upload into it.", 2),
        (nothing, "hf_writer", "push RUN ann/x --license 'my own'",
         "--license 'my own': expected an identifier of the Hub, such as mit or apache-2.0.", 2),
        (nothing, "hf_writer", "evaluate hf://ann/none",
         f"Cannot download hf://ann/none: {HUB} has no model ann/none that your login may read. Check name and account.", 2),
        (nothing, "", "evaluate hf://ann/none",
         f"Cannot download hf://ann/none: {HUB} has no public model ann/none. Check the name. If it is private: {LOG_IN}.", 2),
        (private, "", "pull them/secret",
         f"Cannot download hf://them/secret: {HUB} has no public model them/secret. Check the name. If it is private: {LOG_IN}.",
         2),
        (gated, "hf_writer", "pull them/gated",
         "Cannot download hf://them/gated: access to them/gated is restricted. Ask for it on the model's page, then "
         f"{LOG_IN}.", 2),
        (nothing, "hf_writer", "evaluate hf://ann/add@v9",
         "Cannot download hf://ann/add@v9: ann/add has no branch, tag or commit 'v9'.", 2),
        (other_kind, "hf_writer", "pull ann/other",
         "hf://ann/other is not a model of trm: it has no model.safetensors. `trm pull --list` lists the models of trm.", 2),
        (unavailable, "hf_writer", "push RUN ann/x",
         f"Cannot upload to ann/x: {HUB} answered with status 503 (Service Unavailable). Try again later.", 1),
    ],
)  # fmt: skip
def test_each_error_has_its_message(
    case: tuple[Callable[[Hub, Path], None], str, str, str, int],
    hub: Hub,
    run: Path,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, token, line, message, code = case
    monkeypatch.setenv("HF_TOKEN", token)
    before(hub, run)
    refused(trm(line.replace("RUN", str(run))), message, code)


@pytest.mark.parametrize(
    ("before", "line", "start", "end"),
    [
        (without_settings, "evaluate hf://them/bare", "Cannot use the weights of hf://them/bare@",
         "has weights but no configuration. Import weights that trm did not write with `trm import-checkpoint`."),
        (broken, "evaluate hf://them/broken", "Cannot use the weights of hf://them/broken@",
         "is damaged or not a safetensors file: Error while deserializing header: header too large."),
    ],
)  # fmt: skip
def test_weights_of_others_are_untrusted(
    before: Callable[[Hub, Path], None], line: str, start: str, end: str, hub: Hub, run: Path
) -> None:
    before(hub, run)
    done = trm(line)
    assert done.code == 2
    assert done.err.startswith(f"Error: {start}")
    assert done.err.strip().endswith(end)


def test_malformed_records_are_named_and_nothing_is_written(hub: Hub, model: str) -> None:
    repository = hub.repositories["ann/add"]
    files = dict(repository.commits[repository.branches["main"]])
    hub.add("them/odd", {name: file.content for name, file in files.items()} | {"metrics.jsonl": b"[]\n"})
    commit = hub.repositories["them/odd"].branches["main"]
    refused(
        trm("pull them/odd -o theirs"),
        f"hf://them/odd@{commit}/metrics.jsonl, line 1: not a line of metrics (not a JSON object).",
    )
    assert not Path("theirs").exists()


def test_an_interrupted_upload_changes_nothing(hub: Hub, run: Path) -> None:
    known, hub.objects = hub.objects, {}  # the server would not ask for content that it has
    hub.cut_uploads = True
    done = trm(f"push {run} ann/cut")
    assert done.code == 1
    assert done.err.startswith(f"Error: Cannot upload to ann/cut: cannot reach {hub.url} (")
    assert done.err.endswith("Check the network connection. The model there is unchanged.\n")
    assert set(hub.repositories["ann/cut"].commits[hub.repositories["ann/cut"].branches["main"]]) == {".gitattributes"}
    hub.cut_uploads = False
    assert trm(f"push {run} ann/cut").code == 0
    hub.objects |= known


def test_a_repository_of_another_kind_is_used_if_the_user_says_so(hub: Hub, run: Path) -> None:
    other_kind(hub, run)
    assert trm(f"push {run} ann/other --yes").code == 0


def test_without_a_network_the_address_is_named(hub: Hub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for module, name, value in (
            ("huggingface_hub.constants", "ENDPOINT", nowhere),
            (
                "huggingface_hub.constants",
                "HUGGINGFACE_CO_URL_TEMPLATE",
                nowhere + "/{repo_id}/resolve/{revision}/{filename}",
            ),
        ):
            monkeypatch.setattr(f"{module}.{name}", value)
        for line, doing in ((f"push {run} ann/x", "upload to ann/x"), ("evaluate hf://ann/x", "download hf://ann/x")):
            done = trm(line)
            assert done.err.startswith(f"Error: Cannot {doing}: cannot reach {nowhere} (")
            assert done.err.endswith("Check the network connection.\n")
            assert done.code == 1


@pytest.mark.parametrize("line", ["push RUN ann/x", "pull ann/x", "pull --list", "evaluate hf://ann/x"])
def test_a_missing_client_is_named(line: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    done = trm(line.replace("RUN", str(run)))
    assert done.code == 2
    assert done.err.endswith("needs huggingface_hub: pip install 'trm[hub]'.\n")


def test_a_score_that_is_no_number_is_not_passed_on(hub: Hub, run: Path, tmp_path: Path) -> None:
    """A model card comes from whoever wrote the weights."""
    from trm.experiment.card import recorded_card
    from trm.experiment.solver import load
    from trm.runs.locate import locate
    from trm.runs.weights_file import save_weights_file

    checkpoint = locate(run)
    cards: list[dict[str, Any]] = [{"scores": {"exact_accuracy": "high"}, "puzzles": 5}, {"scores": 3, "puzzles": 5}]
    for number, card in enumerate([*cards, {"scores": {"exact_accuracy": 0.5}, "puzzles": "many"}]):
        path = tmp_path / f"{number}.safetensors"
        save_weights_file(path, checkpoint.run, checkpoint.tensors, card)
        assert recorded_card(load(path).loaded) is None
