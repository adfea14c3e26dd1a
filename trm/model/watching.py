"""Watching the mixers of a model at work: what each position receives, and from where."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from trm.errors import PluginError, UsageError
from trm.model.links import Links
from trm.model.trm import TinyRecursiveModel


@dataclass(frozen=True)
class Received:
    """What the positions received in the last calls of the network, for the first puzzle of a batch.

    Attributes:
        calls: one name for each row of `sizes` and `attention`: "latent.0" is layer 0 in the last update of the latent,
            "answer.0" the same layer in the update of the answer.
        sources: names of relations, neighbours or heads.
        sizes: root mean square over the width of what each position received from each source,
            ``[calls, sources, P+L]``, or ``[calls, sources, L, S]``. That of the state is 1.
        attention: the share of each position in what each other one received, ``[calls, heads, P+L, P+L]``; None if it
            was not asked for.
    """

    calls: tuple[str, ...]
    sources: tuple[str, ...]
    sizes: Tensor
    attention: Tensor | None


def check_offers(model: TinyRecursiveModel, method: str) -> None:
    """Raise `UsageError` if the model's mixer lacks one of the optional methods of `trm.Mixer`."""
    mixer = model.core.stacks[0].layers[0].mix
    if not callable(getattr(mixer, method, None)):
        what = {"messages": "messages", "attention_weights": "attention weights"}[method]
        raise UsageError(f"Mixer {model.config.mixing!r} has no {what} to record: its module has no method `{method}`.")


class MixerWatch:
    """Keeps what the mixers were last given, while `watching` is open, and computes from it what they send.

    Args:
        model: its mixer must offer `messages`, and `attention_weights` if `attention` is set.
        attention: whether to compute attention weights, too.

    Raises:
        UsageError: the mixer does not offer them.
    """

    def __init__(self, model: TinyRecursiveModel, attention: bool = False) -> None:
        check_offers(model, "messages")
        if attention:
            check_offers(model, "attention_weights")
        self.attention = attention
        self.mixing = model.config.mixing
        self.transposed = model.config.mixer.over_positions
        low, high = model.core.stacks
        self.modules: dict[str, nn.Module] = {}
        self.calls: dict[str, deque[tuple[Any, ...]]] = {}
        for name, stack in (("latent", low), ("answer", high)):
            for number, layer in enumerate(stack.layers):
                self.modules[f"{name}.{number}"] = cast(nn.Module, layer.mix)
                # One network for both updates is called once more after the last update of the latent.
                self.calls[f"{name}.{number}"] = deque(maxlen=2 if low is high and name == "latent" else 1)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """A context in which the calls of the mixers are noted."""
        with contextlib.ExitStack() as stack:
            for name, module in self.modules.items():
                handle = module.register_forward_pre_hook(partial(_note, self.calls[name]))
                stack.callback(handle.remove)
            yield

    @torch.no_grad()
    def received(self) -> Received:
        """What the positions received in the last update of the latent and in the last one of the answer.

        Raises:
            PluginError: a plugin's mixer returned something else than it should.
        """
        rows = {name: self._sizes(name) for name in self.modules}
        sources = tuple(next(iter(rows.values())))
        if any(tuple(row) != sources for row in rows.values()):
            raise PluginError(f"Mixer {self.mixing!r} names the sources of its messages differently from call to call.")
        sizes = torch.stack([torch.stack([*row.values()]) if row else torch.empty(0) for row in rows.values()])
        # In half precision only after the stack: under autocast on a CPU, torch stacks no halves.
        attention = torch.stack([self._attention(name) for name in self.modules]).half() if self.attention else None
        return Received(tuple(rows), sources, sizes, attention)

    def _sizes(self, name: str) -> dict[str, Tensor]:
        """The size of each message that a mixer sent, ``[P+L]`` or ``[L, S]``, by source."""
        arguments = self._arguments(name)
        messages = self._asked("messages", name)
        if not isinstance(messages, Mapping):
            raise PluginError(
                f"Mixer {self.mixing!r} returned {type(messages).__name__} from `messages`, not a dictionary."
            )
        for source, message in messages.items():
            self._check("messages", source, message, tuple(arguments[0].shape))
        own = {str(source): message[0].mT if self.transposed else message[0] for source, message in messages.items()}
        return {source: message.float().square().mean(-1).sqrt().cpu() for source, message in own.items()}

    def _attention(self, name: str) -> Tensor:
        shares = self._asked("attention_weights", name)
        length = self._arguments(name)[0].shape[2 if self.transposed else 1]
        heads = shares.shape[1] if isinstance(shares, Tensor) and shares.dim() == 4 else "heads"
        self._check("attention_weights", "", shares, (1, heads, length, length))
        return shares[0].float().cpu()

    def _arguments(self, name: str) -> tuple[Any, ...]:
        """What a mixer was given in the call of a name, for the first puzzle."""
        x, *others = self.calls[name][0]
        return (x[:1].detach(), *(_first_row(other) for other in others))

    def _asked(self, method: str, name: str) -> Any:
        ask: Callable[..., Any] = getattr(self.modules[name], method)
        try:
            return ask(*self._arguments(name))
        except Exception as error:
            raise PluginError(
                f"Mixer {self.mixing!r} failed in `{method}`: {type(error).__name__}: {error}."
            ) from error

    def _check(self, method: str, source: str, value: object, shape: tuple[object, ...]) -> None:
        found = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        if found != list(shape):
            where = f"{method}[{source!r}]" if source else method
            raise PluginError(f"Mixer {self.mixing!r}: `{where}` is {found}; expected a tensor of shape {list(shape)}.")


def _first_row(argument: Any) -> Any:
    """An argument of a mixer for the first puzzle of a batch. The tables of rotary positions hold for all puzzles."""
    return Links(*(part[:1] for part in argument)) if isinstance(argument, Links) else argument


def _note(calls: deque[tuple[Any, ...]], module: nn.Module, arguments: tuple[Any, ...]) -> None:
    calls.append(arguments)
