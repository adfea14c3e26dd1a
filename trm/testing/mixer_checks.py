"""Checks of mixers: they build, keep the shape, receive gradients, and are what their spec declares."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from pydantic import BaseModel, ValidationError
from torch import Tensor, nn

from trm.config import Structure, TRMConfig
from trm.errors import TRMError
from trm.model.links import Links
from trm.model.mixer import build_mixer
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.specs import MixerSpec
from trm.testing.check import CheckFailure, CheckSkipped, plugin_code, require
from trm.testing.link_checks import check_links, structured
from trm.testing.subject import Subject, problem_with, references_of

BATCH = 2
SYMBOLS = [1, 2, 3]


def mixers(subject: Subject) -> None:
    """The plugin's mixers build, keep the shape, receive gradients, repeat themselves and are what their specs declare."""
    own = [
        entry.spec
        for entry in subject.registry.entries
        if isinstance(entry.spec, MixerSpec) and entry.plugin == subject.plugin
    ]
    if not own:
        raise CheckSkipped("the plugin has no mixer")
    for spec in own:
        check_mixer(spec.name)


def check_mixer(name: str) -> None:
    """Check an installed mixer, for the tests of a plugin without a task.

    Args:
        name: the value of `model.mixing`.

    Raises:
        CheckFailure: the mixer breaks the contract.
        UsageError: there is no such mixer.
    """
    spec = get_registry().mixer(name)
    for reference in references_of(spec):
        problem = problem_with(reference)
        if problem:
            raise CheckFailure(*problem)
    _check_options(spec)
    config = _config(spec, 3)
    mixer = _built(spec, config)
    _check_shape(spec, mixer, config)
    _check_gradients(spec, mixer, config)
    _check_repeats(spec, mixer, config)
    if config.per_symbol:
        _check_symbols(spec, mixer, config)
    if spec.resizable:
        _check_resizable(spec, mixer)
    if spec.any_length:
        _check_any_length(spec)
    if spec.per_puzzle:
        own = _config(spec, 3, structure=structured(config.structure))
        linked = _built(spec, own)
        check_links(spec.name, linked, partial(_mixed, spec, linked), _state(spec, own, own.context_length))


def _config(spec: MixerSpec, side: int, **changes: Any) -> TRMConfig:
    """A small model for a square grid with rows, columns, neighbours and interchangeable tokens."""
    cells = range(side * side)
    structure = Structure(
        grid=(side, side),
        relations={"row": [cell // side for cell in cells], "column": [cell % side for cell in cells]},
        neighbours=[(0, 1), (1, 0), (0, -1), (-1, 0)],
        interchangeable=SYMBOLS,
    )
    settings = {
        "vocab_size": 5,
        "context_length": side * side,
        "hidden_dim": 16,
        "num_heads": 2,
        "mlp_multiple_of": 16,
        "positions": "none",
        "structure": structure,
        "mixing": spec.name,
    } | changes
    try:
        with plugin_code(f"The check of mixer {spec.name!r}"):
            return TRMConfig(**settings)
    except CheckFailure as failure:
        if not isinstance(failure.__cause__, (ValidationError, TRMError)):
            raise
        reason = " ".join(str(failure.__cause__).split())
        raise CheckFailure(
            f"Mixer {spec.name!r} cannot be configured for a grid of {side}x{side}: {reason}.",
            "Most likely one of its options has no default.",
        ) from failure


def _check_options(spec: MixerSpec) -> None:
    if spec.options is None:
        return
    options = load(spec.options)
    require(
        isinstance(options, type) and issubclass(options, BaseModel),
        f"The options of mixer {spec.name!r}, {spec.options}, are not a pydantic model.",
        "Most likely they are a dataclass or a function.",
    )
    require(
        options.model_config.get("extra") == "forbid",
        f"The options of mixer {spec.name!r} accept unknown fields, so a misspelt --set has no effect.",
        'Most likely `model_config = ConfigDict(extra="forbid")` is missing.',
    )
    bare = [name for name, field in options.model_fields.items() if not field.description]
    require(
        not bare,
        f"The options of mixer {spec.name!r} have no description for {', '.join(bare)}.",
        "Most likely they are plain defaults: write Field(default, description=...).",
    )


def _built(spec: MixerSpec, config: TRMConfig) -> nn.Module:
    torch.manual_seed(0)
    with plugin_code(spec.factory):
        mixer = build_mixer(config)
    require(
        isinstance(mixer, nn.Module),
        f"{spec.factory} returned {type(mixer).__name__}, expected a torch.nn.Module.",
        "Most likely a `return` is missing, or the class does not inherit from torch.nn.Module.",
    )
    return mixer


def _state(spec: MixerSpec, config: TRMConfig, length: int) -> Tensor:
    """A random state in the shape that the mixer receives."""
    shape = [BATCH, length, config.hidden_dim]
    if config.per_symbol:
        shape.insert(2, len(SYMBOLS))
    state = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return state.mT.contiguous() if spec.over_positions else state


def _mixed(spec: MixerSpec, mixer: nn.Module, state: Tensor, *links: Links) -> Tensor:
    with plugin_code(f"Mixer {spec.name!r}"):
        mixed: Tensor = mixer(state, None, *links) if spec.rotary else mixer(state, *links)
        return mixed


def _check_shape(spec: MixerSpec, mixer: nn.Module, config: TRMConfig) -> None:
    state = _state(spec, config, config.context_length)
    mixed = _mixed(spec, mixer, state)
    require(
        isinstance(mixed, Tensor) and mixed.shape == state.shape,
        f"Mixer {spec.name!r} returns {list(getattr(mixed, 'shape', ()))} for a state of shape {list(state.shape)}.",
        "Most likely it drops or transposes a dimension: the layer adds the result to the state.",
    )
    require(
        bool(mixed.isfinite().all()),
        f"Mixer {spec.name!r} returns values that are not finite.",
        "Most likely it divides by zero, for example by the size of an empty group.",
    )


def _check_gradients(spec: MixerSpec, mixer: nn.Module, config: TRMConfig) -> None:
    state = _state(spec, config, config.context_length).requires_grad_()
    mixed = _mixed(spec, mixer, state)
    parameters = dict(mixer.named_parameters())
    cause = "Most likely a tensor is detached, created under torch.no_grad, or not used in `forward`."
    require(mixed.requires_grad, f"The result of mixer {spec.name!r} has no gradient.", cause)
    found = torch.autograd.grad(mixed.square().sum(), [state, *parameters.values()], allow_unused=True)
    unused = [name for name, gradient in zip(("the state", *parameters), found, strict=True) if gradient is None]
    require(not unused, f"In mixer {spec.name!r}, no gradient reaches {', '.join(unused)}.", cause)


def _check_repeats(spec: MixerSpec, mixer: nn.Module, config: TRMConfig) -> None:
    mixer.eval()
    state = _state(spec, config, config.context_length)
    with torch.no_grad():
        same = torch.equal(_mixed(spec, mixer, state), _mixed(spec, mixer, state))
    require(
        same,
        f"Mixer {spec.name!r} in evaluation mode gives different results for the same state.",
        "Most likely it applies dropout or noise without looking at `self.training`.",
    )


def _check_symbols(spec: MixerSpec, mixer: nn.Module, config: TRMConfig) -> None:
    state = _state(spec, config, config.context_length)
    order = torch.arange(len(SYMBOLS)).roll(1)
    with torch.no_grad():
        permuted, mixed = _mixed(spec, mixer, state[:, :, order]), _mixed(spec, mixer, state)[:, :, order]
    require(
        torch.allclose(permuted, mixed, atol=1e-4),
        f"Mixer {spec.name!r} declares per_symbol, but renaming the symbols changes more than their order.",
        "Most likely it has weights for each symbol: share them over dimension 2 of the state.",
    )


def _check_resizable(spec: MixerSpec, mixer: nn.Module) -> None:
    sizes = {name: list(parameter.shape) for name, parameter in mixer.named_parameters()}
    larger = {name: list(parameter.shape) for name, parameter in _built(spec, _config(spec, 4)).named_parameters()}
    changed = sorted(name for name in sizes.keys() | larger.keys() if sizes.get(name) != larger.get(name))
    require(
        not changed,
        f"Mixer {spec.name!r} declares resizable, but the size of the puzzle changes {', '.join(changed)}.",
        "Most likely a weight has a dimension of `context_length` or of the number of groups.",
    )


def _check_any_length(spec: MixerSpec) -> None:
    config = _config(spec, 3, context_length=0, structure=Structure())
    mixer = _built(spec, config)
    for length in (4, 7):
        state = _state(spec, config, length)
        require(
            _mixed(spec, mixer, state).shape == state.shape,
            f"Mixer {spec.name!r} declares any_length, but does not keep the shape of a state with {length} positions.",
            "Most likely it uses `context_length`, which is 0 if the number of positions is not known.",
        )
