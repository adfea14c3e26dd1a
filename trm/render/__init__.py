"""Showing puzzles, answers and refinements."""

from trm.render.base import Renderer

__all__ = ["Renderer"]
