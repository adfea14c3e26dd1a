"""Sweeps as a user starts them, in processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 600
"""Seconds after which a test that waits for a sweep gives up."""


def start(arguments: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """Start `trm sweep` in a folder, with Ctrl-C working as at a keyboard."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from trm.cli.main import main\nmain(sys.argv[1:])",
            "sweep",
            *arguments,
        ],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is true of a sweep that is running."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < ends
        time.sleep(0.05)


def kill(process: subprocess.Popen[str], workers_too: bool = False) -> None:
    """Kill a sweep with SIGKILL, and its workers if asked to, which otherwise notice by themselves."""
    workers = workers_of(process.pid) if workers_too else []
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


def workers_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def results(document: Any) -> Any:
    """What a sweep has found, from its JSON, without times and places."""
    if isinstance(document, dict):
        return {key: results(value) for key, value in document.items() if key not in ("seconds", "sweep", "run", "log")}
    return [results(value) for value in document] if isinstance(document, list) else document
