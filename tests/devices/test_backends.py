"""Backends: the choice by name, and one of a plugin in every command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from trm.cli.main import main
from trm.devices import get_backend
from trm.errors import UsageError
from trm.model.losses import exact_dtype
from trm.plugins.registry import get_registry

SPECS = """
from trm.hookspecs import hookimpl
from trm.specs import BackendSpec


@hookimpl
def trm_register_backends():
    return [BackendSpec(name="fake", summary="a CPU under another name", factory="trm_fake_backend:FakeBackend")]
"""
BACKEND = """
import torch

from trm import Backend


class FakeBackend(Backend):
    name = "fake"

    def unavailable(self):
        return "there is only one" if self.index else None

    @property
    def device(self):
        return torch.device("cpu")

    def describe(self):
        return "an imaginary device"
"""
SMALL = ("task.train_puzzles=8", "task.test_puzzles=4", "training.max_steps=2", "model.hidden_dim=8")


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with the backend, on the path as if it were installed."""
    site = tmp_path / "site"
    info = site / "trm_fake-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trm-fake\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[trm]\nfake = trm_fake\n")
    (site / "trm_fake.py").write_text(SPECS)
    (site / "trm_fake_backend.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(site)
    get_registry.cache_clear()
    yield
    get_registry.cache_clear()
    for name in ("trm_fake", "trm_fake_backend"):
        sys.modules.pop(name, None)


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(str(ended.value.code or 0))


def test_a_plugins_backend_trains_resumes_and_evaluates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    sets = [part for value in SMALL for part in ("--set", value)]
    train = ("train", "sudoku", "--preset", "mini", "--quiet", "--device", "fake")
    assert command(*train, "--output", run, *sets) == 0, capsys.readouterr().err
    longer = ("--set", "training.max_steps=4")
    assert command("train", "--resume", run, "--device", "fake", "--quiet", *longer) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert command("evaluate", run, "--device", "fake", "--json") == 0
    assert json.loads(capsys.readouterr().out)["puzzles"] == 4


def test_its_defaults_are_those_of_any_device() -> None:
    backend = get_backend("fake")
    assert backend.describe() == "an imaginary device"
    assert not backend.compiles()
    assert backend.random_state() is None
    backend.release_memory()
    with backend.autocast("bf16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    with backend.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fake:1", "Device 'fake:1' is not available: there is only one. Try --device auto."),
        ("fake:one", "Device 'fake:one': expected a number after the colon, as in fake:0."),
        ("fakes", "There is no device 'fakes'. Did you mean 'fake'"),
    ],
)
def test_what_is_not_there_is_named(name: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        get_backend(name)
    assert message in str(refused.value)


def test_the_widest_float_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exact_dtype(torch.device("cpu")) == torch.float64

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("no float64")

    exact_dtype.cache_clear()
    monkeypatch.setattr(torch, "empty", refuse)
    assert exact_dtype(torch.device("cpu")) == torch.float32
    exact_dtype.cache_clear()
