"""Benchmark: training steps compiled, as written, and as the paper's code computes them.

    python benchmarks/compile.py [TASK:PRESET]... [--precision fp32|bf16] [--set SETTING=VALUE]... [--rows N]
                                 [--rounds N] [--seconds S] [--threads N]

Prints for each preset:

- the rate of matrix operations of a training step, eager and compiled, and its share of the rate of one large
  product in the same number type;
- the rate of the compiled step relative to the eager one, the median and the range over the rounds;
- both relative to a step as the paper's code computes it, for attention and MLP mixing: states in the number type,
  weights cast at each use, its norm;
- the seconds until the first compiled step is done: with nothing in torch's cache on disk, and with the code there.

The versions run in turn, so other load affects all of them equally. Inputs are random tokens.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from unittest import mock

import torch
import torch.nn.functional as F
from throughput import LARGEST, MATRIX_SIZE, Case, case, multiply_rate, rate
from torch import Tensor

from trm.devices import get_backend
from trm.model import TinyRecursiveModel
from trm.model.init import Linear

PRESETS = ("sudoku:hard", "maze:hard", "sudoku:grid", "sudoku:paper")
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def papers_norm(x: Tensor) -> Tensor:
    exact = x.float()
    return (exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + 1e-5)).to(x.dtype)


def casting_linear(self: Linear, x: Tensor) -> Tensor:
    return F.linear(x, self.weight.to(x.dtype), None if self.bias is None else self.bias.to(x.dtype))


@contextlib.contextmanager
def papers_operations(dtype: torch.dtype) -> Iterator[None]:
    """Context in which models compute as the paper's code does in a number type."""
    given = TinyRecursiveModel.given

    def embedded(self: TinyRecursiveModel, inputs: Tensor, puzzle_ids: Tensor | None = None) -> tuple[Tensor, object]:
        x, context = given(self, inputs, puzzle_ids)
        return x.to(dtype), context

    with (
        mock.patch("trm.model.layers.rms_norm", papers_norm),
        mock.patch.object(Linear, "forward", casting_linear),
        mock.patch.object(TinyRecursiveModel, "given", embedded),
    ):
        yield


class Versions:
    """A preset's training step in several ways, and their rates.

    Attributes:
        eager: the preset.
        compiling: seconds that the first compiled step took, without and with the code in the cache.
        rates: steps per second in each round, by way.
    """

    def __init__(self, name: str, precision: str, make: Callable[[str, str], Case]) -> None:
        task, _, preset = name.partition(":")
        self.eager, first, compiled, paper = (make(task, preset) for _ in range(4))
        dtype = TYPES[precision]
        self.compiling = [compile_seconds(this, precision) for this in (first, compiled)]
        self.ways: dict[str, tuple[Case, Callable[[], contextlib.AbstractContextManager[object]]]] = {
            "eager": (self.eager, lambda: get_backend("cpu").autocast(precision)),
            "compiled": (compiled, lambda: get_backend("cpu").autocast(precision)),
        }
        if self.eager.model.config.mixing in ("attention", "mlp"):
            self.ways["paper"] = paper, lambda: papers_operations(dtype)
        self.rates: dict[str, list[float]] = {way: [] for way in self.ways}

    def measure(self, rounds: int, seconds: float) -> None:
        """Measure all ways in turn. The first round warms up."""
        for number in range(rounds + 1):
            for way, (this, _) in self.ways.items():
                found = self._run(way, lambda step=this.step: rate(step, seconds))
                if number:
                    self.rates[way].append(found)

    def _run(self, way: str, call: Callable[[], float | None]) -> float:
        with self.ways[way][1]():
            return call() or 0.0

    def over(self, way: str, other: str) -> list[float]:
        """The rates of one way relative to another one's, by round."""
        return [fast / slow for fast, slow in zip(self.rates[way], self.rates[other], strict=True)]


def compile_seconds(this: Case, precision: str) -> float:
    """Compile a preset's network, and the seconds that its first step takes."""
    torch._dynamo.reset()
    this.model.compile()
    started = time.perf_counter()
    with get_backend("cpu").autocast(precision):
        this.step()
    return time.perf_counter() - started


def line(name: str, precision: str, found: Versions, machine: float) -> str:
    """A line of the table."""
    speeds = {way: statistics.median(rates) * found.eager.flops for way, rates in found.rates.items()}
    gain = found.over("compiled", "eager")
    paper = (
        "   ".join(f"{statistics.median(found.over(way, 'paper')):.2f}" for way in ("eager", "compiled"))
        if "paper" in found.rates
        else ""
    )
    return (
        f"{name:<22}{precision:<6}{found.eager.batch_size:>6}"
        + "".join(f"{speeds[way] / 1e9:>8.0f} ({speeds[way] / machine:>4.0%})" for way in ("eager", "compiled"))
        + f"{statistics.median(gain):>8.2f} ({min(gain):.2f} to {max(gain):.2f}){paper:>16}"
        + f"{found.compiling[0]:>6.0f}, {found.compiling[1]:.0f} s"
    )


def compare(options: argparse.Namespace) -> None:
    """Print the table."""
    machine = multiply_rate(1.0, MATRIX_SIZE, dtype=TYPES[options.precision])
    print(f"{options.precision} matrix product: {machine / 1e9:.0f} GFLOP/s on {options.threads} threads")
    print(
        f"{'preset':<28}{'batch':>6}{'eager GFLOP/s':>15}{'compiled':>15}{'compiled / eager':>23}{'over paper':>16}"
        f"{'compiling':>10}"
    )
    for name in options.presets:
        found = Versions(
            name,
            options.precision,
            lambda task, preset: case(task, preset, options.largest, rows=options.rows, sets=options.set),
        )
        found.measure(options.rounds, options.seconds)
        print(line(name, options.precision, found, machine), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=PRESETS, help=f"TASK:PRESET (default: {' '.join(PRESETS)})")
    parser.add_argument(
        "--precision", choices=TYPES, default="bf16", help="number type of the matrix products (default: bf16)"
    )
    parser.add_argument("--set", action="append", default=[], help="a setting of the presets; repeat for several")
    parser.add_argument("--rows", type=int, help="puzzles of a step (default: the preset's, within --largest)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are reported (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="seconds per measurement (default: 1)")
    parser.add_argument(
        "--largest", type=float, default=LARGEST, help="limit on positions times width of a batch (default: 2.5e5)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (default: all)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        compare(options)


if __name__ == "__main__":
    main()
