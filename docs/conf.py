"""Sphinx settings. `python -m sphinx -W -n docs docs/_build` builds the pages and treats a warning as an error."""

from __future__ import annotations

import trm

project = "trm"
author = "the authors of trm"
release = trm.__version__
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Tiny Recursive Models", "page_width": "1080px", "sidebar_width": "240px"}
html_show_sourcelink = False
