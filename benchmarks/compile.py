"""Benchmark: whether `training.compile` pays on this CPU.

    python benchmarks/compile.py [TASK:PRESET]... [--rounds N] [--seconds S] [--largest N] [--threads N]

Prints the rate of training steps with the compiled network, relative to the rate without, and the seconds that
compiling takes. Both versions run in turn, so other load affects both equally. Inputs are random tokens, in the
precision that the preset trains in on this machine.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from throughput import LARGEST, case, rate

from trm.devices import get_backend

PRESETS = ("sudoku:quick", "sudoku:paper", "maze:quick", "arithmetic:quick")


def measure(name: str, rounds: int, seconds: float, largest: float) -> str:
    """Measure one preset: a line of the table."""
    task, _, preset = name.partition(":")
    plain, compiled = (case(task, preset, largest) for _ in range(2))
    torch._dynamo.reset()
    compiled.model.compile()
    ratios = []
    with get_backend("cpu").autocast(plain.precision):
        started = time.perf_counter()
        compiled.step()
        compiling = time.perf_counter() - started
        for _ in range(rounds):
            before = rate(plain.step, seconds)
            ratios.append(rate(compiled.step, seconds) / before)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"{name:<24}{plain.batch_size:>6}{statistics.median(ratios):>10.2f}{spread:>16}{compiling:>12.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=PRESETS, help=f"TASK:PRESET (default: {' '.join(PRESETS)})")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per preset; medians are reported (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds per measurement (default: 3)")
    parser.add_argument(
        "--largest", type=float, default=LARGEST, help="limit on positions times width of a batch (default: 2.5e5)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (default: all)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{'preset':<24}{'batch':>6}{'x eager':>10}{'range':>16}{'compiling':>14}")
    for name in options.presets:
        print(measure(name, options.rounds, options.seconds, options.largest), flush=True)


if __name__ == "__main__":
    main()
