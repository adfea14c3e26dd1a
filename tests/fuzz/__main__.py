"""`python -m tests.fuzz --inputs 100000 --seed 0`: run every reader on corrupted inputs; exit with 1 on a bug."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from .harness import MEMORY, Row, Target, fuzz, limit_memory
from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="of all targets together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="this one alone; may be repeated")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that a reader fails on")
    parser.add_argument("--worker", choices=sorted(TARGETS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        _work(TARGETS[arguments.worker], arguments)
        return 0
    names = arguments.target or list(TARGETS)
    print(f"{'target':<18} {'inputs':>7} {'read':>7} {'refused':>8} {'faults':>7} {'slowest':>9} {'peak memory':>12}")
    shares = {name: TARGETS[name].share / sum(TARGETS[other].share for other in names) for name in names}
    rows = [
        _in_a_process(name, math.ceil(arguments.inputs * share), arguments.seed, arguments.keep)
        for name, share in shares.items()
    ]
    total = Row("all", *(sum(getattr(row, name) for row in rows) for name in ("inputs", "read", "refused")))
    total.slowest, total.peak_mib = (max(getattr(row, name) for row in rows) for name in ("slowest", "peak_mib"))
    total.faults = [fault for row in rows for fault in row.faults]
    _print(total)
    for fault in total.faults:
        print(f"\n{fault}", file=sys.stderr)
    return 1 if total.faults else 0


def _work(target: Target, arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TRM_CACHE"] = cache
        fuzz(target, 20, arguments.seed + 1)  # imports and compiles what reading needs
        limit_memory()
        print(json.dumps(asdict(fuzz(target, arguments.inputs, arguments.seed, arguments.keep))))


def _in_a_process(name: str, inputs: int, seed: int, keep: Path | None) -> Row:
    command = [sys.executable, "-m", "tests.fuzz", "--worker", name, "--inputs", str(inputs), "--seed", str(seed)]
    done = subprocess.run(command + (["--keep", str(keep)] if keep else []), capture_output=True, text=True)
    lines = done.stdout.splitlines()
    row = Row(name, faults=[f"{name}: the process died: {done.stderr[-2000:]}"])
    if done.returncode == 0 and lines:
        row = Row(**json.loads(lines[-1]))
    if row.peak_mib > MEMORY / 2**20:
        row.faults.append(f"{name}: {row.peak_mib:.0f} MiB of memory were taken")
    _print(row)
    return row


def _print(row: Row) -> None:
    print(
        f"{row.target:<18} {row.inputs:>7} {row.read:>7} {row.refused:>8} {len(row.faults):>7} {row.slowest:>7.2f} s "
        f"{row.peak_mib:>8.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
