"""Benchmark: training throughput of the presets.

    python benchmarks/throughput.py [--task TASK]... [--rounds N] [--seconds S] [--largest N]
                                    [--threads N] [--json]

Reports for each preset:

- examples per second and supervision step (forward, backward, update) in fp32, on random tokens;
- the share of the machine's fp32 matrix-multiply rate that its multiplications reach;
- its rate relative to a textbook version of relational mixing, attention and norms, which uses one
  operation per symbol of the equations;
- its rate relative to the task's `paper` preset;
- its rate in the precision that the preset trains in on this machine, relative to the fp32 textbook
  version.

The versions of a preset run in turn, so other load affects all of them equally.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from trm.config import TrainingConfig, TRMConfig
from trm.data import PuzzleSet
from trm.devices import get_backend
from trm.experiment.experiment import Experiment
from trm.experiment.speed.timing import multiply_rate, rate
from trm.model import TinyRecursiveModel, step_loss
from trm.model.layers import Attention
from trm.model.positions import rotate
from trm.model.relational import RelationalMix
from trm.plugins.registry import get_registry
from trm.training.optimizers import build_optimizers
from trm.utils import set_seed

LARGEST = 2.5e5
"""Default limit on positions times width of a batch. Larger batches are cut, so a step takes seconds at most."""


MATRIX_SIZE = 1536
"""Rows of the matrices of the product that shares refer to."""


@dataclass
class Case:
    """A preset with its model and optimizers built."""

    name: str
    model: TinyRecursiveModel
    batch_size: int
    step: Callable[[], None]
    flops: float  # multiplications and additions in the matrix products of one step
    precision: str  # of the preset: auto, fp32 or bf16


def plain_rms_norm(x: Tensor) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)


def plain_attention(self: Attention, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
    batch, length, dim = x.shape
    query, key, value = self.qkv(x).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
    if rotary is not None:
        query, key = rotate(query, *rotary), rotate(key, *rotary)
    weights = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1)
    return self.out((weights @ value).transpose(1, 2).reshape(batch, length, dim))


def plain_relational(self: RelationalMix, x: Tensor) -> Tensor:
    """Concatenate all group means and neighbours of each position and mix them with one matrix."""
    heard, start = [], 0
    for kind, count in zip(self.classes, self.group_counts, strict=True):
        pool, spread = self.pool[start : start + count], self.spread[:, start : start + count]
        heard.append(((spread @ (pool @ x.flatten(2))).view_as(x), self.relations[kind]))
        start += count
    if self.symbols is not None:
        heard.append((x.mean(dim=2, keepdim=True).expand_as(x), self.symbols[0]))
    around = plain_neighbours(self, x)
    if not around or self.neighbour_pooling == "sum":
        return mixed(heard + around)
    greatest = torch.stack([state @ weight for state, weight in around]).amax(0)
    return greatest + mixed(heard) if heard else greatest


def mixed(heard: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Sum of states times their weights, computed as one product."""
    return torch.cat([state for state, _ in heard], dim=-1) @ torch.cat([weight for _, weight in heard])


def plain_neighbours(self: RelationalMix, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """For each offset, the states of the neighbours at that offset and the weight."""
    if self.neighbours is None:
        return []
    assert self.grid is not None
    planes, found = x.unflatten(1, self.grid), []
    for weight, (row, column) in zip(self.neighbours, self.offsets, strict=True):
        padded = F.pad(planes, (*(0, 0) * (planes.dim() - 3), *(abs(column),) * 2, *(abs(row),) * 2))
        top, left = abs(row) + row, abs(column) + column
        found.append((padded[:, top:, left:][:, : self.grid[0], : self.grid[1]].flatten(1, 2), weight))
    return found


@contextlib.contextmanager
def plain_equations() -> Iterator[None]:
    """Context in which models use the textbook operations."""
    with (
        mock.patch("trm.model.layers.rms_norm", plain_rms_norm),
        mock.patch.object(Attention, "forward", plain_attention),
        mock.patch.object(RelationalMix, "forward", plain_relational),
    ):
        yield


def case(
    task: str, preset: str, largest: float, device: str = "cpu", rows: int | None = None, sets: Sequence[str] = ()
) -> Case:
    """Build a preset's model and optimizers for a step on random tokens.

    Where puzzles have a structure of their own, they have all positions and no edge or group.

    Args:
        task: name of the task.
        preset: name of the preset.
        largest: limit on positions times width of a batch.
        device: where to compute.
        rows: batch size. Default: the preset's, or as large as `largest` allows.
        sets: settings, as `--set` takes them.
    """
    experiment = Experiment.from_preset(task, preset, sets)
    description = experiment.task.description
    config = model_config(experiment)
    training = experiment.training
    assert training is not None
    set_seed(0)
    model = TinyRecursiveModel(config).to(device).train()
    symbols = len(config.structure.interchangeable) if config.mixing == "relational" else 0
    row = description.seq_len * max(symbols, 1) * config.hidden_dim
    batch_size = rows or max(1, int(min(training.batch_size, largest / row)))
    inputs, labels = torch.randint(description.vocab_size, (2, batch_size, description.seq_len))
    if description.input_width > description.seq_len:
        inputs = F.pad(inputs, (0, description.input_width - description.seq_len))
        inputs[:, description.seq_len] = description.seq_len
    step = _step(model, training, inputs.to(device), labels.to(device))
    with FlopCounterMode(display=False) as counter:
        step()
    flops = counter.get_total_flops()
    return Case(f"{task}:{preset}", model, batch_size, step, flops, training.precision)


def model_config(experiment: Experiment) -> TRMConfig:
    """The model of a preset, for data with one puzzle id."""
    description = experiment.task.description
    inputs, labels = (np.zeros((1, width), np.int64) for width in (description.input_width, description.seq_len))
    return experiment.model_config(PuzzleSet(inputs, labels, description))


def _step(model: TinyRecursiveModel, training: TrainingConfig, inputs: Tensor, labels: Tensor) -> Callable[[], None]:
    optimizers = build_optimizers(model, training)
    state = model.initial_state(len(inputs))

    def step() -> None:
        _, output = model.supervision_step(inputs, state)
        loss = step_loss(output.logits, output.halt_logits, labels, model.config.loss).total
        (loss / len(inputs)).backward()
        if training.grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(model.network_parameters(), training.grad_clip)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    return step


def measure(task: str, preset: str, rounds: int, seconds: float, machine: float, largest: float) -> dict[str, Any]:
    """Measure one preset: a row of the table."""
    this = case(task, preset, largest)
    versions = {
        "fp32": contextlib.nullcontext,
        "plain": plain_equations,
        "own": lambda: get_backend("cpu").autocast(this.precision),
    }
    rates: dict[str, list[float]] = {name: [] for name in versions}
    for _ in range(rounds):
        for name, version in versions.items():
            with version():
                rates[name].append(rate(this.step, seconds))
    ours = statistics.median(rates["fp32"])
    over_plain = {
        name: [fast / slow for fast, slow in zip(rates[name], rates["plain"], strict=True)] for name in ("fp32", "own")
    }
    return {
        "preset": this.name,
        "parameters": this.model.num_parameters(),
        "batch": this.batch_size,
        "examples_per_second": ours * this.batch_size,
        "gflop_per_example": this.flops / this.batch_size / 1e9,
        "share_of_multiply_rate": ours * this.flops / machine,
        "over_plain": statistics.median(over_plain["fp32"]),
        "over_plain_range": [min(over_plain["fp32"]), max(over_plain["fp32"])],
        "own_examples_per_second": statistics.median(rates["own"]) * this.batch_size,
        "own_over_plain": statistics.median(over_plain["own"]),
        "own_over_plain_range": [min(over_plain["own"]), max(over_plain["own"])],
    }


def table(rows: list[dict[str, Any]], machine: float) -> str:
    """Format the rows; the column `x paper` is relative to the task's `paper` preset."""
    paper = {
        row["preset"].partition(":")[0]: row["examples_per_second"]
        for row in rows
        if row["preset"].partition(":")[2].startswith("paper")
    }
    lines = [
        f"fp32 matrix product: {machine / 1e9:.1f} GFLOP/s on {torch.get_num_threads()} threads",
        f"{'preset':<24}{'parameters':>11}{'batch':>6}{'examples/s':>12}{'share':>8}{'x plain':>9}{'x paper':>9}"
        f"{'own prec./s':>12}{'x plain':>9}",
    ]
    for row in rows:
        beside = paper.get(row["preset"].partition(":")[0])
        times = f"{row['examples_per_second'] / beside:.1f}" if beside else ""
        lines.append(
            f"{row['preset']:<24}{row['parameters']:>11,}{row['batch']:>6}{row['examples_per_second']:>12.2f}"
            f"{row['share_of_multiply_rate']:>8.0%}{row['over_plain']:>9.2f}{times:>9}"
            f"{row['own_examples_per_second']:>12.2f}{row['own_over_plain']:>9.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", help="TASK or TASK:PRESET; repeat for several (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per preset; medians are reported (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds per measurement (default: 3)")
    parser.add_argument(
        "--largest", type=float, default=LARGEST, help="limit on positions times width of a batch (default: 2.5e5)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tasks = get_registry().tasks()
    presets = [(name, preset.name) for name, task in tasks.items() for preset in task.spec.presets]
    if options.task:
        presets = [pair for pair in presets if pair[0] in options.task or ":".join(pair) in options.task]
    machine = multiply_rate(options.seconds, MATRIX_SIZE)
    rows = [
        measure(task, preset, options.rounds, options.seconds, machine, options.largest) for task, preset in presets
    ]
    report = {"gflops": machine / 1e9, "threads": options.threads, "presets": rows}
    print(json.dumps(report, indent=2) if options.json else table(rows, machine))


if __name__ == "__main__":
    main()
