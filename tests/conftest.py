"""Torch, where it is installed, gets at most two threads in every test, and Ctrl-C works as at a keyboard."""

import signal

# A shell starts background jobs with SIGINT ignored, and every process they start inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    import torch
except ImportError:  # the tests of what needs no torch run without it
    pass
else:
    torch.set_num_threads(min(2, torch.get_num_threads()))
