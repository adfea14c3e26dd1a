"""Mixers from plugins: a stranger's is chosen by name, has options of its own, and trains like a built-in one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.cli.main import main
from trm.config.overrides import Overrides, merged_model
from trm.errors import UsageError
from trm.plugins.registry import get_registry
from trm.runs.locate import locate

# The plugin of the docs: a module of specs, which imports nothing heavy, and a module with the mixer itself.
SPECS = """
from trm.hookspecs import hookimpl
from trm.specs import MixerSpec


@hookimpl
def trm_register_mixers():
    return [
        MixerSpec(
            name="blur",
            summary="each position receives the mean of the positions around it",
            factory="trm_blur_mixer:Blur",
            options="trm_blur_mixer:BlurOptions",
        )
    ]
"""
MIXER = '''
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trm import TRMConfig


class BlurOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    radius: int = Field(1, description="positions on each side", ge=1)
    scale: float = Field(1.0, description="factor on the output")


class Blur(nn.Module):
    """The mean of the positions around each position, projected."""

    def __init__(self, config: TRMConfig, options: BlurOptions) -> None:
        super().__init__()
        self.scale = options.scale
        self.project = nn.Linear(config.hidden_dim, config.hidden_dim, bias=False)
        place = torch.arange(config.prefix_length + config.context_length)
        near = ((place[:, None] - place).abs() <= options.radius).float()
        self.register_buffer("weights", near / near.sum(1, keepdim=True), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x ``[B, P+L, D]`` -> the same shape."""
        return self.scale * self.project(self.weights.to(x.dtype) @ x)
'''
SIZES: dict[str, Any] = {
    "vocab_size": 4,
    "context_length": 6,
    "hidden_dim": 16,
    "num_heads": 2,
    "mlp_multiple_of": 16,
    "n_supervision": 2,
    "num_puzzles": 2,
    "puzzle_tokens": 1,
}


@pytest.fixture(autouse=True)
def blur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with the plugin, on the path as if it were installed."""
    site = tmp_path / "site"
    info = site / "trm_blur-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trm-blur\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[trm]\nblur = trm_blur\n")
    (site / "trm_blur.py").write_text(SPECS)
    (site / "trm_blur_mixer.py").write_text(MIXER)
    monkeypatch.syspath_prepend(site)
    get_registry.cache_clear()
    yield
    get_registry.cache_clear()
    for name in ("trm_blur", "trm_blur_mixer"):
        sys.modules.pop(name, None)


def test_a_plugins_mixer_is_chosen_by_name_and_learns() -> None:
    config = TRMConfig(**SIZES, mixing="blur", mixing_options={"radius": 2})
    assert config.mixing_options == {"radius": 2, "scale": 1.0}
    assert (config.positions, config.use_attention) == ("none", False)
    model = TinyRecursiveModel(config)
    inputs = torch.randint(0, 4, (3, 6))
    model(inputs, inputs, puzzle_ids=torch.tensor([0, 1, 1]))["loss"].backward()
    gradient = model.get_parameter("core.net.layers.0.mix.project.weight").grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("architecture", ["trm", "hrm"])
@pytest.mark.parametrize("positions", ["none", "learned", "grid"])
def test_positions_and_architectures_work_with_it(architecture: str, positions: str) -> None:
    structure = Structure(relations={"half": [0, 0, 0, 1, 1, 1]})
    settings = {"architecture": architecture, "positions": positions, "structure": structure}
    model = TinyRecursiveModel(TRMConfig(**SIZES, mixing="blur", **settings))
    assert model.predict(torch.randint(0, 4, (3, 6))).shape == (3, 6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mixing_options": {"radius": 0}}, "mixing_options.radius: Input should be greater than or equal to 1"),
        ({"mixing_options": {"radios": 2}}, "mixer 'blur' has no option 'radios'. Did you mean 'radius'?"),
        ({"mixing_options": 3}, "mixing_options must map names to values, got 3"),
        ({"mixing": "mlp", "mixing_options": {"radius": 2}}, "mixer 'mlp' has no options, got 'radius'"),
        ({"positions": "rope"}, "positions 'rope' needs a mixer with rotary positions, such as 'attention'"),
        ({"context_length": 0}, "context_length 0 .any. needs a mixer for any length"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"(?i){message}"):
        TRMConfig(**{**SIZES, "mixing": "blur", **settings})


def test_an_unknown_mixer_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(UsageError, match=r"There is no mixer 'blurr' for model\.mixing\. Did you mean 'blur'\?"):
        TRMConfig(**SIZES, mixing="blurr")


def test_the_command_line_sets_the_mixer_and_its_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("task.train_puzzles=8", "task.test_puzzles=4", "training.max_steps=2", "model.hidden_dim=8")
    options = ("model.mixing=blur", "model.mixing_options.radius=3", "model.mixing_options.scale=0.5")
    sets = [part for value in (*small, *options) for part in ("--set", value)]
    arguments = ["train", "sudoku", "--preset", "mini", "--quiet", "--device", "cpu", "--output"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, str(tmp_path / "run"), *sets])
    assert ended.value.code in (0, None), capsys.readouterr().err
    config = locate(tmp_path / "run").run.model
    assert (config.mixing, config.mixing_options) == ("blur", {"radius": 3, "scale": 0.5})
    with pytest.raises(SystemExit) as ended:
        main([*arguments, str(tmp_path / "other"), *sets, "--set", "model.mixing_options.radius=-1"])
    assert ended.value.code == 2
    assert "mixing_options.radius: Input should be greater" in capsys.readouterr().err


def test_one_option_of_a_preset_can_be_overridden_alone() -> None:
    preset = {"mixing": "blur", "mixing_options": {"radius": 2, "scale": 0.5}, "hidden_dim": 8}
    one = Overrides.parse(["model.mixing_options.radius=4"], TRMConfig)
    assert merged_model(preset, one.model)["mixing_options"] == {"radius": 4, "scale": 0.5}
    other = Overrides.parse(["model.mixing=attention"], TRMConfig)
    assert merged_model(preset, other.model) == {"mixing": "attention", "mixing_options": {}, "hidden_dim": 8}
    assert merged_model({"hidden_dim": 8}, {}) == {"hidden_dim": 8}
