"""Record a command in a terminal of 80x24 and report the longest time without movement.

Runs the command in tmux and compares the screen twice a second; with --piped, its output goes through a pipe, and the time
between two lines is measured. The command starts from an empty cache. Targets: 2 s in a terminal, 10 s in a pipe.

    python benchmarks/movement.py --seconds 180 -- trm train sudoku --preset hard
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import tempfile
import threading
import time
from pathlib import Path

INTERVAL = 0.5
"""Seconds between two looks at the screen."""


def longest_gap(times: list[float], end: float) -> float:
    """The longest time between two of `times`, or between the last and the end."""
    return max(later - earlier for earlier, later in zip(times, [*times[1:], end], strict=True))


def in_terminal(command: list[str], seconds: float, environment: dict[str, str]) -> tuple[float, str]:
    """The longest time in which the screen did not change, and the last screen."""
    server = ["tmux", "-L", f"movement-{os.getpid()}"]
    variables = [f"{name}={value}" for name, value in environment.items()]
    line = shlex.join(["env", *variables, *command])
    subprocess.run([*server, "new-session", "-d", "-x", "80", "-y", "24", f"{line}; sleep 600"], check=True)
    try:
        began = time.monotonic()
        times, screen = [began], ""
        while time.monotonic() < began + seconds:
            time.sleep(INTERVAL)
            seen = subprocess.run([*server, "capture-pane", "-p"], check=True, capture_output=True, text=True).stdout
            if seen != screen:
                times.append(time.monotonic())
                screen = seen
        return longest_gap(times, time.monotonic()), screen
    finally:
        subprocess.run([*server, "kill-server"], check=False)


def in_pipe(command: list[str], seconds: float, environment: dict[str, str]) -> tuple[float, str]:
    """The longest time between two lines, and the last ten lines."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    began = time.monotonic()
    times, lines = [began], []
    threading.Timer(seconds, process.terminate).start()
    assert process.stdout is not None
    for line in process.stdout:
        times.append(time.monotonic())
        lines.append(line)
    return longest_gap(times, time.monotonic()), "".join(lines[-10:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180, help="how long to watch (default: 180)")
    parser.add_argument("--piped", action="store_true", help="watch lines in a pipe, not a terminal")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TRM_CACHE": str(Path(folder, "cache"))}
        watch = in_pipe if options.piped else in_terminal
        gap, last = watch(options.command, options.seconds, environment)
    print(last)
    print(f"longest time without {'a line' if options.piped else 'movement'}: {gap:.1f} s")


if __name__ == "__main__":
    main()
