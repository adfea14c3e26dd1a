"""A Hub on this machine, a user who is logged in to it, a short training, and a model that the user has pushed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.command import trm
from tests.support.hub_server import Hub, running_hub

SETTINGS = "--set task.train_examples=100 --set task.test_examples=20 --set training.max_steps=3"


def forget_client() -> None:
    """Make the next import of the client read its environment variables again."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
        del sys.modules[name]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub() as hub, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_ENDPOINT", hub.url)
        environment.setenv("HF_HOME", str(tmp_path_factory.mktemp("huggingface")))
        environment.setenv("HF_HUB_DISABLE_XET", "1")
        environment.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
            environment.delenv(name, raising=False)
        forget_client()
        from huggingface_hub.utils import close_session

        yield hub
        close_session()
        forget_client()


@pytest.fixture
def hub(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The server without faults, an empty cache, a user who is logged in, and a client that does not wait between retries."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    monkeypatch.setenv("HF_TOKEN", "hf_writer")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.chdir(tmp_path)
    server.requests.clear()
    yield server
    server.failing, server.cut_uploads, server.spoil = None, False, bytes


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("private-folder") / "run"
    assert trm(f"train arithmetic {SETTINGS} --seed 3 --quiet --output {folder}").code == 0
    return folder


@pytest.fixture(scope="package")
def model(server: Hub, run: Path) -> str:
    """A model of ann on the Hub."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_TOKEN", "hf_writer")
        assert trm(f"push {run} ann/add --license mit").code == 0
    return "hf://ann/add"
