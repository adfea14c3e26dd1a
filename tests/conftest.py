"""Torch, where it is installed, gets at most two threads in every test."""

try:
    import torch
except ImportError:  # the tests of what needs no torch run without it
    pass
else:
    torch.set_num_threads(min(2, torch.get_num_threads()))
