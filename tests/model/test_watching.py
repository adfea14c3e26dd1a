"""What mixers send: the parts add up to the output, and a watch records those of the last calls."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.errors import PluginError, UsageError
from trm.model.watching import MixerWatch

GRID = Structure(
    grid=(2, 3),
    relations={"row": [0, 0, 0, 1, 1, 1], "column": [0, 1, 2, 0, 1, 2]},
    alike=[["row", "column"]],
    neighbours=[(0, 1), (1, 0), (-1, -1)],
)
SIZES: dict[str, Any] = {
    "vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "mlp_multiple_of": 8, "n_recursions": 2,
    "T_steps": 2, "n_supervision": 2,
}  # fmt: skip
SYMBOLS = GRID.model_copy(update={"interchangeable": [2, 3, 4], "neighbours": []})
MODELS: dict[str, dict[str, Any]] = {
    "attention": {"mixing": "attention", "num_puzzles": 2, "puzzle_tokens": 1},
    "hrm": {"mixing": "attention", "architecture": "hrm", "num_layers": 1, "num_layers_high": 2},
    "sum": {"mixing": "relational", "structure": GRID},
    "max": {"mixing": "relational", "structure": GRID, "neighbour_pooling": "max"},
    "symbols": {"mixing": "relational", "structure": SYMBOLS},
    "grid": {"mixing": "grid", "structure": GRID},
    "grid content": {"mixing": "grid", "structure": SYMBOLS, "mixing_options": {"content": True}},
}


def model_of(name: str) -> TinyRecursiveModel:
    torch.manual_seed(0)
    return TinyRecursiveModel(TRMConfig(**{**SIZES, **MODELS[name]})).eval()


def run(model: TinyRecursiveModel, watch: MixerWatch, steps: int = 2) -> None:
    inputs = torch.arange(12).view(2, 6) % 5
    with torch.no_grad(), watch.watching():
        for _ in model.steps(inputs, model.initial_state(2), None, steps):
            pass


@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 999))
@settings(max_examples=10, deadline=None)
def test_messages_add_up_to_the_output(name: str, seed: int) -> None:
    model = model_of(name)
    x = torch.randn(2, *model.state_shape(), generator=torch.Generator().manual_seed(seed))
    arguments = (x, model.rotary(x)) if model.config.mixer.rotary else (x,)
    mixer: Any = model.core.stacks[0].layers[0].mix
    messages = mixer.messages(*arguments)
    assert len(messages) == len(set(messages)) > 1
    torch.testing.assert_close(sum(messages.values()), mixer(*arguments), atol=1e-5, rtol=1e-5)


def test_attention_weights_are_those_of_the_output() -> None:
    model = model_of("attention")
    x = torch.randn(2, 7, 8)
    rotary = model.rotary(x)
    mixer: Any = model.core.stacks[0].layers[0].mix
    weights = mixer.attention_weights(x, rotary)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 7))
    value = mixer.qkv(x)[..., 16:].unflatten(-1, (2, 4)).transpose(1, 2)
    mixed = (weights @ value).transpose(1, 2).flatten(2)
    torch.testing.assert_close(mixer.out(mixed), mixer(x, rotary))


@pytest.mark.parametrize("options", [{}, {"content": True}, {"numbers": "differences", "reach": 1}])
def test_attention_weights_of_a_grid_are_those_of_the_output(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = TinyRecursiveModel(TRMConfig(**SIZES, mixing="grid", structure=GRID, mixing_options=options))
    mixer: Any = model.core.stacks[0].layers[0].mix
    x = torch.randn(2, 6, 8)
    weights = mixer.attention_weights(x)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 6))
    value = mixer.value(x).unflatten(-1, (2, 4)).transpose(1, 2)
    torch.testing.assert_close(mixer.out((weights @ value).transpose(1, 2).flatten(2)), mixer(x))


@pytest.mark.parametrize("name", MODELS)
def test_a_watch_has_the_last_calls_of_latent_and_answer(name: str) -> None:
    model = model_of(name)
    outputs: list[tuple[nn.Module, Tensor]] = []
    watch = MixerWatch(model)
    for module in set(watch.modules.values()):
        module.register_forward_hook(lambda module, arguments, output: outputs.append((module, output)))
    run(model, watch)
    received = watch.received()
    low, high = model.core.stacks
    last = [*(("latent", layer) for layer in low.layers), *(("answer", layer) for layer in high.layers)]
    assert received.calls == tuple(
        f"{name}.{number}" for name, stack in (("latent", low), ("answer", high)) for number in range(len(stack.layers))
    )
    assert received.sizes.shape == (len(last), len(received.sources), *model.state_shape()[:-1])
    assert received.attention is None
    for call, (_, output) in zip(watch.calls, outputs[-len(last) :], strict=True):
        torch.testing.assert_close(sum(watch._asked("messages", call).values()), output[:1], atol=1e-5, rtol=1e-5)
        sizes = torch.stack([value[0].square().mean(-1).sqrt() for value in watch._asked("messages", call).values()])
        torch.testing.assert_close(received.sizes[received.calls.index(call)], sizes)


def test_attention_is_recorded_on_request_and_nothing_stays_attached() -> None:
    model = model_of("attention")
    watch = MixerWatch(model, attention=True)
    run(model, watch)
    received = watch.received()
    assert received.sources == ("head 0", "head 1")
    assert received.attention is not None
    assert received.attention.shape == (4, 2, 7, 7)
    torch.testing.assert_close(received.attention.float().sum(-1), torch.ones(4, 2, 7), atol=5e-3, rtol=0)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_mixer_without_messages_is_refused() -> None:
    model = TinyRecursiveModel(TRMConfig(**SIZES, mixing="mlp"))
    with pytest.raises(
        UsageError, match=r"Mixer 'mlp' has no messages to record: its module has no method `messages`."
    ):
        MixerWatch(model)
    with pytest.raises(UsageError, match="Mixer 'relational' has no attention weights to record"):
        MixerWatch(model_of("sum"), attention=True)


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (lambda x: {"all": x.mean(-1)}, r"`messages\['all'\]` is \[1, 6\]; expected a tensor of shape \[1, 6, 8\]"),
        (lambda x: {"all": None}, r"`messages\['all'\]` is NoneType; expected a tensor"),
        (lambda x: [x], "from `messages`, not a dictionary"),
        (lambda x: 1 / 0, "failed in `messages`: ZeroDivisionError: division by zero"),
        (lambda x: {str(float(x.sum())): x}, "names the sources of its messages differently from call to call"),
    ],
)
def test_what_a_plugins_mixer_does_wrong_is_said(messages: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("sum")
    monkeypatch.setattr(type(model.core.stacks[0].layers[0].mix), "messages", lambda self, x: messages(x))
    watch = MixerWatch(model)
    run(model, watch)
    with pytest.raises(PluginError, match=f"Mixer 'relational'.*{message}"):
        watch.received()
