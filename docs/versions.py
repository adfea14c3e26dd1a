"""`python docs/versions.py SITE VERSION...`: the start page of the documentation of several versions.

It links to each version's folder in SITE, first of all to the newest release, or to `dev` if nothing is released yet.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>trm documentation</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }}
body {{ max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}
</style>
<h1>trm documentation</h1>
<p>Read about <a href="{newest}/index.html">{label}</a>, or choose a version:</p>
<ul>
{links}
</ul>
"""


def newest_first(versions: list[str]) -> list[str]:
    """Releases by their numbers, the highest first, then `dev`."""
    releases = [version for version in versions if version != "dev"]
    releases.sort(key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    return releases + ["dev"] * ("dev" in versions)


def page(versions: list[str]) -> str:
    """The start page as HTML."""
    ordered = newest_first(versions)
    links = "\n".join(f'<li><a href="{html.escape(name)}/index.html">{html.escape(name)}</a></li>' for name in ordered)
    label = "the current development" if ordered[0] == "dev" else f"the newest release, {ordered[0]}"
    return PAGE.format(newest=html.escape(ordered[0]), label=html.escape(label), links=links)


if __name__ == "__main__":
    (Path(sys.argv[1]) / "index.html").write_text(page(sys.argv[2:]), encoding="utf-8")
