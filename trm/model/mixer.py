"""The interface of mixers, and building the one that a configuration names."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from trm.config import TRMConfig
from trm.config.mixing import parse_options
from trm.plugins.code import load


class Mixer(Protocol):
    """The part of a layer in which positions exchange information.

    A mixer is a `torch.nn.Module`. A plugin registers it with `trm_register_mixers`, and `model.mixing` chooses it by
    name. Each layer builds one by calling the factory of the `trm.specs.MixerSpec` with the configuration, and with the
    validated `mixing_options` if the spec names a class for them. The layer computes::

        h = rms_norm(h + dropout(mixer(h)))
        h = rms_norm(h + dropout(mlp(h)))

    Sizes come from the configuration: `hidden_dim` is D, `context_length` is L, `prefix_length` is P (tokens in front of
    the puzzle), and `structure` holds what the task declares about its positions and tokens.

    A new mixer should give its output about the same size as its input at the start; `trm.model.init.Linear` does. All
    its tensors must be parameters or buffers, so that they are moved to the device; buffers that follow from the
    configuration are best registered with `persistent=False`.

    A mixer can show what it sends by two further methods, which are called with the arguments of the mixer itself and
    never in training. Both are optional; `trm trace --messages` and `trm plot --kind messages` need them:

    - ``messages(x) -> dict[str, Tensor]``: parts of the output by where they come from, such as relations or heads, each
      of x's shape. They add up to the output.
    - ``attention_weights(x) -> Tensor``: the share of each position in what each other one receives,
      ``[B, heads, P+L, P+L]``, with rows that sum to 1.
    """

    def __call__(self, x: Tensor) -> Tensor:
        """Mix over positions.

        With `MixerSpec.rotary`, the layer passes a second argument: the cosines and sines ``[P+L, D/num_heads]`` of
        rotary positions as a tuple, or None with other positions.

        With `MixerSpec.per_puzzle`, and for a task whose puzzles have a structure of their own, the layer passes a
        `trm.model.links.Links` as the last argument: the links between positions, by kind, and
        which positions are padding. Nothing that other positions receive may depend on padding.

        Args:
            x: the state ``[B, P+L, D]``. With `MixerSpec.over_positions`, ``[B, D, P+L]``. With `MixerSpec.per_symbol`,
                ``[B, L, S, D]`` for tasks with S interchangeable tokens.

        Returns:
            What is added to x, in the same shape.
        """
        ...


def build_mixer(config: TRMConfig) -> nn.Module:
    """The mixer of one layer.

    Raises:
        PluginError: the plugin's factory cannot be imported.
    """
    spec = config.mixer
    options = parse_options(spec, config.mixing_options)
    arguments: tuple[Any, ...] = (config,) if options is None else (config, options)
    mixer: nn.Module = load(spec.factory)(*arguments)
    return mixer
