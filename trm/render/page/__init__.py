"""The page of a refinement: one self-contained HTML file."""

from trm.render.page.build import build_page

__all__ = ["build_page"]
