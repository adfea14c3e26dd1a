"""Torch, where it is installed, gets at most two threads in all, and Ctrl-C works as at a keyboard."""

import math
import os
import signal

import pytest

# A shell starts background jobs with SIGINT ignored, and every process they start inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    import torch
except ImportError:  # the tests of what needs no torch run without it
    pass
else:
    WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(1, min(2 // WORKERS, torch.get_num_threads())))


@pytest.fixture(autouse=True)
def no_lines_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in a test's process write no lines of progress, which would depend on the machine's speed."""
    monkeypatch.setattr("trm.render.reporting.FIRST_LINE", math.inf)
    monkeypatch.setattr("trm.render.reporting.LINE_SECONDS", math.inf)
