"""Torch, where it is installed, gets at most two threads in all, and Ctrl-C works as at a keyboard."""

import os
import signal

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
