"""Check a GPU and measure training on it, in at most nine minutes.

    python benchmarks/gpu.py --output FOLDER [--minutes M] [--official FOLDER] [--device NAME]
    python benchmarks/gpu.py --device cpu --quick --output FOLDER    # a rehearsal on the CPU

The checks compare the device with the CPU: outputs and gradients in each number type, a training, resuming it, splitting a
batch that does not fit into memory, updates of puzzle vectors, compiled steps, several processes, and tests of the project.
The measurements are rates of training steps of the presets: eager, textbook, compiled, with CUDA graphs, and in the trainer.

Writes FOLDER/gpu.json and FOLDER/gpu.md. Each part has its share of the time. What does not fit is listed as not run, and a
part that fails does not stop the others. The exit code is 1 if a check failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from gpu_parts.part import Settings
from gpu_parts.plan import parts
from gpu_parts.report import document, markdown, passed, write
from gpu_parts.running import Result, run_parts

from trm.devices import get_backend
from trm.errors import TRMError

CPU_ROWS = 4
"""Batch size on a CPU, where a step of a whole batch can take minutes."""


def _show(result: Result) -> None:
    print(f"{result.seconds:6.1f} s  {result.status:<8} {result.name}: {result.detail}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="the device, such as cuda:1 (default: cuda)")
    parser.add_argument("--minutes", type=float, default=8.5, help="time for all parts together (default: 8.5)")
    parser.add_argument("--official", type=Path, help="checkout of the paper's code, to measure it, too")
    parser.add_argument("--output", type=Path, default=Path("gpu_report"), help="folder of the report")
    parser.add_argument("--quick", action="store_true", help="the smallest settings, for a rehearsal")
    options = parser.parse_args()
    if options.minutes <= 0:
        parser.error(f"--minutes must be above 0, got {options.minutes:g}")
    try:
        kind = get_backend(options.device).device.type
    except TRMError as error:
        parser.error(str(error))
    settings = Settings(
        options.device,
        options.quick,
        options.official.resolve() if options.official else None,
        seconds=0.05 if options.quick else 1.5,
        rows=(2 if options.quick else CPU_ROWS) if kind == "cpu" else None,
    )
    started = time.monotonic()
    results = run_parts(parts, settings, options.minutes * 60, _show)
    given = {"device": options.device, "minutes": options.minutes, "quick": options.quick}
    report = document(results, given, time.monotonic() - started)
    write(options.output, report)
    print(f"\n{markdown(report)}\nWritten to {options.output}.")
    sys.exit(0 if passed(results) else 1)


if __name__ == "__main__":
    main()
