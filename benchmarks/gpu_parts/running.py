"""Runs parts one after the other in a process of their own, within a budget of time.

An error on an accelerator can make it unusable for the rest of the process, and a compiler can hang. Parts therefore run in
a second process, which is replaced after a part that failed or took too long.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from gpu_parts.part import Part, Settings, Skipped, Work

START_SECONDS = 90.0
"""How long the second process may take to import torch and to find the device."""
LEAST_SHARE = 0.5
"""A part starts if at least this much of its share is left."""
FULL_BUDGET = 8.5 * 60


@dataclass
class Result:
    """The result of a part.

    Attributes:
        name: the part.
        kind: "check" or "measurement".
        status: "ok", "failed", "skipped" or "not run".
        detail: a sentence, or the error.
        seconds: how long it took.
        rows: what it recorded.
    """

    name: str
    kind: str
    status: str = "not run"
    detail: str = "no time left"
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)


def run_parts(
    parts: Callable[[Settings], Sequence[Part]], settings: Settings, budget: float, report: Callable[[Result], None]
) -> list[Result]:
    """Run all parts for which there is time, in order.

    Args:
        parts: gives the parts; a function at the top of a module, since the second process calls it, too.
        settings: for the parts.
        budget: seconds for all parts together. A part may take twice its share, or more if the later ones have theirs.
        report: called with each result.
    """
    planned = list(parts(settings))
    results = [Result(part.name, part.kind) for part in planned]
    end, shares = time.monotonic() + budget, [part.seconds * budget / FULL_BUDGET for part in planned]
    worker: _Worker | None = None
    try:
        for number, result in enumerate(results):
            if end - time.monotonic() < LEAST_SHARE * shares[number]:
                report(result)
                continue
            if worker is None:
                worker = _Worker(parts, settings)
            left = end - time.monotonic()
            limit = min(shares[number] + max(left - sum(shares[number:]), shares[number]), left)
            if not worker.run(number, result, limit):
                worker.stop()
                worker = None
            report(result)
    finally:
        if worker is not None:
            worker.stop()
    return results


class _Worker:
    """The second process, seen from the first. It leads a process group, so that what its parts start ends with it."""

    def __init__(self, parts: Callable[[Settings], Sequence[Part]], settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, parts, settings))
        self.process.start()
        theirs.close()
        self.problem = self._started()

    def _started(self) -> str | None:
        """Wait until the process is ready; return why it is not."""
        try:
            if self.pipe.poll(START_SECONDS):
                self.pipe.recv()
                return None
        except EOFError:
            self.process.join()
            return f"the process did not start: exit code {self.process.exitcode}"
        return f"the process did not start in {START_SECONDS:.0f} s"

    def run(self, number: int, result: Result, limit: float) -> bool:
        """Run a part, filling in its result; return whether the process can be used for the next one."""
        started = time.monotonic()
        try:
            if self.problem is not None:
                result.status, result.detail = "failed", self.problem
                return False
            self.pipe.send((number, limit))
            return self._follow(result, started + limit)
        except (EOFError, OSError):
            self.process.join()
            result.status, result.detail = "failed", f"the process died: exit code {self.process.exitcode}"
            return False
        finally:
            result.seconds = time.monotonic() - started

    def _follow(self, result: Result, end: float) -> bool:
        while self.pipe.poll(max(end - time.monotonic(), 0)):
            event, *values = self.pipe.recv()
            if event == "row":
                result.rows.append(values[0])
                continue
            result.status, result.detail = values
            return result.status != "failed"
        result.status, result.detail = "failed", "out of time"
        return False

    def stop(self) -> None:
        """End the process and all that it started."""
        self.pipe.close()
        self.process.join(1)
        assert self.process.pid is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended, or it leads no group yet
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()


def _work(pipe: Connection, parts: Callable[[Settings], Sequence[Part]], settings: Settings) -> None:
    os.setsid()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # needed for deterministic matrix products
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # stdout is the report's
    planned = parts(settings)
    pipe.send("ready")
    while True:
        try:
            number, limit = pipe.recv()
        except EOFError:
            return
        work = Work(settings, lambda row: pipe.send(("row", row)), time.monotonic() + limit)
        pipe.send(("end", *_outcome(planned[number], work)))


def _outcome(part: Part, work: Work) -> tuple[str, str]:
    """Run a part: its status, and a sentence or the error with the place where it was raised."""
    try:
        return "ok", part.run(work)
    except Skipped as reason:
        return "skipped", str(reason)
    except Exception as error:
        traceback.print_exc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())[:500]
        return "failed", f"{type(error).__name__}: {text} ({os.path.basename(place.filename)}:{place.lineno})"
