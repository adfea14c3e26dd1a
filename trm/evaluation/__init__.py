"""Evaluating a model: metrics and the loop over test puzzles."""

from trm.evaluation.metrics import CellAccuracy, ExactAccuracy, Metric, Share

__all__ = ["CellAccuracy", "ExactAccuracy", "Metric", "Share"]
