"""Torch gets two threads in every test."""

import torch

torch.set_num_threads(2)
