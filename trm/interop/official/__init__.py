"""Checkpoints of the paper's code and of HRM's, and recordings of the paper's training steps."""

from trm.interop.official.parity import replay
from trm.interop.official.reading import load_checkpoint
from trm.interop.official.writing import save_checkpoint

__all__ = ["load_checkpoint", "replay", "save_checkpoint"]
