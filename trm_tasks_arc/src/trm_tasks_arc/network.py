"""A small recursive network that looks at all pairs of a task at once and proposes the outputs that are not shown to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from trm_tasks_arc.examples import FEATURES, Examples
from trm_tasks_arc.grids import COLOURS
from trm_tasks_arc.rays import DIRECTIONS, rays


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Shape:
    """The shape of a `PairNetwork`.

    Attributes:
        hidden_dim: numbers per state (default: 24).
        ray_dim: of these, how many are sent along rays (default: 6).
        layers: number of different layers (default: 2).
        recursions: how often all layers are applied, with the same weights (default: 3).
    """

    hidden_dim: int = 24
    ray_dim: int = 6
    layers: int = 2
    recursions: int = 3


class PairNetwork(nn.Module):
    """Scores every colour in every cell of the outputs.

    There is a state for each pair, colour, row and column, and the weights are the same for all of them, so that a permutation
    of the pairs or of the colours other than black permutes the scores alike, as long as `tints` is zero.

    Attributes:
        tints: a vector for each colour ``[10, hidden_dim]``, zero at first, with which a task may tell colours apart.
    """

    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Linear(FEATURES, shape.hidden_dim)
        self.layers = nn.ModuleList(PairLayer(shape.hidden_dim, shape.ray_dim) for _ in range(shape.layers))
        self.head = nn.Linear(shape.hidden_dim, 1)
        self.tints = nn.Parameter(torch.zeros(COLOURS, shape.hidden_dim))

    def forward(self, examples: Examples, shown: Tensor, passes: Callable[[], bool] = _always) -> Tensor:
        """Return scores ``[P, C, H, W]``.

        Args:
            examples: the pairs.
            shown: of which pairs the network sees the output: bool ``[P]``.
            passes: asked before each message between cells whether it is passed on at all (default: always).
        """
        given = self.embedding(examples.showing(shown)) + self.tints[examples.colours][:, None, None]
        layout = Layout(examples.inside, shown, passes)
        state = given
        for recursion in range(self.shape.recursions):
            if recursion:
                state = state + given
            for layer in self.layers:
                state = layer(state, layout)
        scores: Tensor = self.head(_normalized(state)).squeeze(-1)
        return scores


class Layout:
    """Which cells exist, and factors that turn sums over them into means. All broadcast with a state ``[P, C, H, W, d]``."""

    def __init__(self, inside: Tensor, shown: Tensor, passes: Callable[[], bool]) -> None:
        self.passes = passes
        self.cells = inside[:, None, :, :, None].float()
        rows, columns = (inside.any(axis).sum(1).view(-1, 1, 1, 1, 1) for axis in (2, 1))
        self.per_rows, self.per_columns, self.per_cells = 1 / rows, 1 / columns, 1 / (rows * columns)
        self.shows_any = bool(shown.any())
        self.shown = shown.view(-1, 1, 1, 1, 1).float()
        self.per_shown = 1 / self.shown.sum().clamp(min=1)
        self.per_shown_here = 1 / (self.cells * self.shown).sum(0, keepdim=True).clamp(min=1)


class PairLayer(nn.Module):
    """Every state receives messages from others, then is changed by itself.

    It receives: its neighbours; maxima along rays in eight directions; means over its row, its column and its grid, and the
    maximum of the grid, each of its colour; mean and maximum over the colours of its cell; the same mean and maximum of the
    grid, over all colours; and means over the pairs whose output is shown: of its cell and of their whole grids.
    """

    def __init__(self, hidden_dim: int, ray_dim: int) -> None:
        super().__init__()
        self.neighbours = nn.Conv2d(hidden_dim, hidden_dim, 3, padding=1, bias=False)
        self.sent = nn.Linear(hidden_dim, ray_dim)
        self.rays = nn.Linear(len(DIRECTIONS) * ray_dim, hidden_dim, bias=False)
        self.row, self.column, self.place = (nn.Linear(hidden_dim, hidden_dim, bias=False) for _ in range(3))
        self.grid, self.colours, self.everything, self.demonstrations = (
            nn.Linear(2 * hidden_dim, hidden_dim, bias=False) for _ in range(4)
        )
        self.up, self.down = nn.Linear(hidden_dim, 4 * hidden_dim), nn.Linear(2 * hidden_dim, hidden_dim, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)) and module not in (self.sent, self.up):
                module.weight.data.mul_(0.1)  # ten messages are added: what a cell knows by itself comes first

    def forward(self, state: Tensor, layout: Layout) -> Tensor:
        """Return the next state.

        Args:
            state: ``[P, C, H, W, d]``.
            layout: which cells exist and which outputs are shown.
        """
        state = state + self._received(_normalized(state) * layout.cells, layout)
        gate, value = self.up(_normalized(state)).chunk(2, -1)
        result: Tensor = state + self.down(F.silu(gate) * value)
        return result

    def _received(self, said: Tensor, layout: Layout) -> Tensor:
        by_row, by_column = said.sum(3, keepdim=True), said.sum(2, keepdim=True)
        mean = by_row.sum(2, keepdim=True) * layout.per_cells
        grid = torch.cat([mean, said.amax((2, 3), keepdim=True).clamp(min=0)], -1)  # as if there were padding
        cell = torch.cat([said.mean(1, keepdim=True), said.amax(1, keepdim=True)], -1)
        messages: tuple[Callable[[], Tensor], ...] = (
            lambda: self._near(said),
            lambda: self.rays(rays(F.relu(self.sent(said)) * layout.cells)),
            lambda: self.grid(grid),
            lambda: self.everything(grid.mean(1, keepdim=True)),
            lambda: self.row(by_row * layout.per_columns),
            lambda: self.column(by_column * layout.per_rows),
        )
        received: Tensor = self.colours(cell)
        for message in messages:
            if layout.passes():
                received = received + message()
        if layout.shows_any:
            shown = (mean * layout.shown).sum(0, keepdim=True) * layout.per_shown
            shown = torch.cat([shown, shown.mean(1, keepdim=True).expand_as(shown)], -1)
            place = (said * layout.shown).sum(0, keepdim=True) * layout.per_shown_here
            received = received + self.demonstrations(shown) + self.place(place)
        return received

    def _near(self, said: Tensor) -> Tensor:
        planes = said.flatten(0, 1).permute(0, 3, 1, 2)
        result: Tensor = self.neighbours(planes).permute(0, 2, 3, 1).reshape(said.shape)
        return result


def _normalized(state: Tensor) -> Tensor:
    return F.rms_norm(state, (state.shape[-1],))


def save_network(network: PairNetwork, path: Path) -> None:
    """Write the weights of a network and its shape to a safetensors file."""
    save_file(network.state_dict(), path, metadata={"shape": json.dumps(asdict(network.shape))})


def load_network(path: Path) -> PairNetwork:
    """Read a network from a file of `save_network`."""
    with safe_open(path, "pt") as file:
        network = PairNetwork(Shape(**json.loads(file.metadata()["shape"])))
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dict
    return network
