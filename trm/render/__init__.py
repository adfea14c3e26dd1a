"""Showing puzzles, answers and refinements."""

from trm.render.renderer import Renderer

__all__ = ["Renderer"]
