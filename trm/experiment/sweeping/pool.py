"""The processes of a sweep: some at once, each with a log; a failure stops none of the others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trm.errors import TRMError, reason
from trm.experiment.sweeping.record import PlannedRun
from trm.experiment.sweeping.request import SweepRequest
from trm.progress import progress

POLL_SECONDS = 0.1
LAST_BYTES = 20_000
"""How much of the end of a log is searched for the error."""


@dataclass(frozen=True)
class _Running:
    """A process, and where in the log its output begins."""

    run: PlannedRun
    process: subprocess.Popen[str]
    offset: int


class Source(Protocol):
    """Where the work comes from."""

    def next(self) -> PlannedRun | None:
        """The next run to train; None if there is none now."""
        ...

    def ended(self, run: PlannedRun, failure: str | None) -> None:
        """Called when the process of a run has ended.

        Args:
            run: the run.
            failure: why it failed; None if it did not.
        """
        ...


class SweepInterrupted(KeyboardInterrupt):
    """A signal stopped a sweep; its trainings are saved.

    Args:
        signal_number: the signal.
        advice: how to continue.
    """

    def __init__(self, signal_number: int, advice: str) -> None:
        super().__init__(advice)
        self.signal_number = signal_number


def train_all(source: Source, request: SweepRequest, jobs: int, devices: Sequence[str], advice: str) -> None:
    """Train all runs, at most `jobs` at once.

    Args:
        source: gives the runs.
        request: what the sweep trains.
        jobs: number of processes.
        devices: the devices, which the processes take in turn.
        advice: how to continue after an interruption.

    Raises:
        SweepInterrupted: SIGINT or SIGTERM arrived. Every process has saved its state and ended.
        TRMError: no process can be started.
    """
    slots: list[_Running | None] = [None] * jobs
    try:
        while True:
            for number, slot in enumerate(slots):
                if slot is not None and slot.process.poll() is not None:
                    slots[number] = None
                    source.ended(slot.run, _failure(slot))
                if slots[number] is None:
                    run = source.next()
                    if run is not None:
                        slots[number] = _start(run, request, devices[number % len(devices)])
            if not any(slots):
                return
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt as error:
        number = int(getattr(error, "signal_number", signal.SIGINT))
        with progress("Saving the runs"):
            _end([slot.process for slot in slots if slot])
        raise SweepInterrupted(number, advice) from error
    finally:
        _end([slot.process for slot in slots if slot])


def _start(run: PlannedRun, request: SweepRequest, device: str) -> _Running:
    """Start a process. Signals from the terminal do not reach it: the sweep sends it one, once."""
    job = {
        "request": request.as_json(),
        "values": dict(run.trial.values),
        "seed": run.seed,
        "run": str(run.folder),
        "split": request.split,
        "device": device,
    }
    own_group: Mapping[str, Any] = (
        {"start_new_session": True}
        if os.name == "posix"
        else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    )
    try:
        with open(run.log, "a", encoding="utf-8") as log:
            offset = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "trm.experiment.sweeping.worker"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": str(request.threads), "PYTHONUNBUFFERED": "1"},
                **own_group,
            )
    except OSError as error:
        raise TRMError(f"Cannot start a process for a trial: {reason(error)}.") from error
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it has ended already; its log says why
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    return _Running(run, process, offset)


def _end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Let processes save and end; after another signal, kill them."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    try:
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            with contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()


def _failure(ended: _Running) -> str | None:
    """Why a process failed; None if it did not."""
    assert ended.process.stdin is not None
    with contextlib.suppress(OSError):
        ended.process.stdin.close()
    code = ended.process.returncode
    if code == 0:
        return None
    if code == -getattr(signal, "SIGKILL", 9):
        return "The process was killed, perhaps because memory ran out."
    if code < 0 or code > 128:
        return f"The process was ended by signal {-code if code < 0 else code - 128}."
    with contextlib.suppress(OSError), open(ended.run.log, "rb") as log:
        log.seek(max(ended.offset, log.seek(0, os.SEEK_END) - LAST_BYTES))
        errors = re.findall(r"^Error: (.*)$", log.read().decode("utf-8", "replace"), re.MULTILINE)
        if errors:
            return str(errors[-1])
    return f"The process ended with exit code {code}."
