"""Sphinx settings. `python -m sphinx -W -n docs docs/_build` builds the pages and treats a warning as an error."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

import trm

project = "trm"
author = "the authors of trm"
release = trm.__version__
extensions = ["myst_nb", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# `nox -s docs` runs the notebooks (-D nb_execution_mode=cache); otherwise their pages have no outputs.
nb_execution_mode = "off"
nb_execution_timeout = 600
nb_execution_in_temp = True
nb_execution_raise_on_error = True
html_theme = "alabaster"
html_theme_options = {
    "description": f"Tiny Recursive Models, version {release}",
    "page_width": "1080px",
    "sidebar_width": "240px",
}
html_show_sourcelink = False
templates_path = ["_templates"]
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html", "relations.html"]}
# `nox -s site` sets the tag and builds one folder per version. Sphinx defines `tags`.
if tags.has("site"):  # noqa: F821
    html_sidebars["**"].append("versions.html")


class RepositoryLinks(SphinxPostTransform):
    """Turn links to Markdown files outside `docs/` into plain text: they work on a code host, but not on these pages."""

    default_priority = 8  # before MyST, which reports such links as missing

    def run(self, **kwargs: object) -> None:
        source = Path(self.env.srcdir).resolve()
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link.get("refdomain") != "doc":
                continue
            file = (source / f"{link['reftarget']}.md").resolve()
            if file.is_file() and source not in file.parents:
                link.replace_self(nodes.inline("", "", *(child.deepcopy() for child in link.children)))


def offer_notebook(app: Sphinx, page: str, template: str, context: dict[str, Any], document: object) -> None:
    """Put the notebook of a page beside it, and a link to it below the title of the page."""
    notebook = Path(app.outdir).parent / "jupyter_execute" / f"{page}.ipynb"  # MyST-NB writes it there
    if page.startswith("notebooks/") and notebook.is_file():
        target = Path(app.outdir) / f"{page}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, target)
        link = f'<p><a href="{target.name}" download>Download this page as a notebook</a></p>'
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{link}", 1)


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", offer_notebook)
    app.add_post_transform(RepositoryLinks)
