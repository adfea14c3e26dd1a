"""Checks of mixers that use the structure of each puzzle: padding changes nothing, and nothing orders the positions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trm.config import PuzzleStructure, Structure
from trm.model.links import Links, kinds
from trm.testing.check import require

OWN = PuzzleStructure(
    edges=["edge"], edge_numbers={"length": 3}, groups=["group"], ordered=["group"], max_edges=9, max_groups=3, max_members=9
)  # fmt: skip
SIZES = (4, 6)
"""Positions of the puzzles that are mixed."""


def structured(grid: Structure) -> Structure:
    """The structure for the checks: interchangeable tokens as elsewhere, and nothing that is the same for all puzzles."""
    return Structure(interchangeable=grid.interchangeable, per_puzzle=OWN)


@torch.no_grad()
def check_links(name: str, mixer: nn.Module, mix: Callable[[Tensor, Links], Tensor], state: Tensor) -> None:
    """Check a mixer that was built for puzzles with the structure of `structured`.

    Args:
        name: of the mixer.
        mixer: the module.
        mix: calls it with a state and links.
        state: a random state, with one row for each of `SIZES`.
    """
    mixer.eval()
    for parameter in mixer.parameters():
        if not parameter.any():  # such as biases of links, which at zero hide mistakes
            nn.init.normal_(parameter)
    links = _links(state.shape[1], torch.Generator().manual_seed(0))
    real, mixed = links.real, mix(state, links)
    padding = torch.where(real.view(*real.shape, *(1,) * (state.dim() - 2)), state, 5 * torch.randn_like(state))
    _require_same(
        mix(padding, links)[real],
        mixed[real],
        f"With mixer {name!r}, what a position receives depends on padding.",
        "Most likely a sum, mean or softmax over positions does not leave out those that `links.real` excludes.",
    )
    order = torch.arange(state.shape[1])
    order[: min(SIZES)] = order[: min(SIZES)].flip(0)
    moved = Links(links.weights[:, :, order][:, :, :, order], real)
    _require_same(
        mix(state[:, order], moved)[real],
        mixed[:, order][real],
        f"With mixer {name!r}, the order of the positions changes more than the order of the results.",
        "Most likely a weight or an index belongs to a position.",
    )
    other = Links(links.weights.flip(-1) * real[:, None, None], real)
    require(
        not torch.allclose(mix(state, other)[real], mixed[real], atol=1e-4),
        f"Mixer {name!r} declares per_puzzle, but other links do not change its result.",
        "Most likely it does not use its last argument.",
    )


def _links(length: int, generator: torch.Generator) -> Links:
    real = torch.arange(length) < torch.tensor(SIZES)[:, None]
    weights = torch.rand(len(SIZES), len(kinds(OWN)), length, length, generator=generator)
    weights = weights * (weights > 0.6) * real[:, None, None] * real[:, None, :, None]
    return Links(weights / weights.sum(-1, keepdim=True).clamp(min=1), real)


def _require_same(found: Tensor, expected: Tensor, problem: str, cause: str) -> None:
    require(bool(torch.allclose(found, expected, atol=1e-5, rtol=1e-5)), problem, cause)
