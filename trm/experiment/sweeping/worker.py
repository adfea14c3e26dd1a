"""One process of a sweep: trains one run. It ends, with its state saved, when the sweep ends.

Started as ``python -m trm.experiment.sweeping.worker``; the first line of stdin describes the job. The pipe stays open as
long as the sweep lives, so that even a sweep that is killed leaves no training behind.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from trm.errors import TRMError, UsageError, described
from trm.experiment.experiment import Experiment
from trm.experiment.fit import fit
from trm.experiment.restarts import is_run_of
from trm.experiment.resumption import resume
from trm.experiment.session import Display, Session
from trm.experiment.sweeping.finished import is_complete, write_validation
from trm.experiment.sweeping.request import SweepRequest
from trm.progress import reporting_to
from trm.render.reporting import LineReporter
from trm.runs.differences import described as settings_text
from trm.storage.locks import RunLock
from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor, PrintMonitor

LONGEST_WAIT = 120.0
"""Seconds to wait for the process of a killed sweep, which may still be saving."""


class Log(Display):
    """Writes to stdout, which the sweep directs to a file."""

    def note(self, text: str) -> None:
        print(text, flush=True)

    def monitor(self, experiment: Experiment) -> Monitor:
        return PrintMonitor()


def main() -> int:
    """Train what stdin says. Returns the exit code."""
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    torch.set_num_threads(job["request"]["threads"])
    try:
        with reporting_to(LineReporter(sys.stderr)):
            _train(job)
    except Interrupted as error:
        return 128 + error.signal_number
    except TRMError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except Exception as error:  # the log has the traceback: nobody can ask for it later
        traceback.print_exc()
        print(f"Error: {described(error)}", file=sys.stderr, flush=True)
        return 1
    return 0


def _train(job: Mapping[str, Any]) -> None:
    """Train a run, or what is left of it, and score it."""
    run, values, seed, split = Path(job["run"]), job["values"], job["seed"], job["split"]
    session = Session.open(job["device"], Log())
    session.display.note(f"== {run}: {settings_text({**values, 'seed': seed})}")
    experiment = SweepRequest.from_json(job["request"]).experiment(values, seed)
    _wait_for(run)
    if not (run / "config.json").exists():
        shutil.rmtree(run, ignore_errors=True)  # killed while the folder was created, before any training
        fit(experiment, session, run)
    elif not is_run_of(experiment, run):
        raise UsageError(f"{run} is a run with other settings. Choose another --output for this sweep.")
    elif not is_complete(run, "test"):
        resume(run, session)
    if split == "validation" and not is_complete(run, split):
        write_validation(run, experiment, session)


def _wait_for(run: Path) -> None:
    """Wait until no other process writes a run."""
    ends = time.monotonic() + LONGEST_WAIT
    while RunLock(run).is_held() and time.monotonic() < ends:
        time.sleep(0.2)


def _end_with_the_sweep() -> None:
    """Wait for the end of stdin, then end this process as SIGTERM does: a training is saved first."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
