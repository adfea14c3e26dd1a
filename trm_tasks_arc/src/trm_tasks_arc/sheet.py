"""A page with a picture of each task's test inputs, attempts and solutions: self-contained, without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

from trm_tasks_arc.colours import PALETTE
from trm_tasks_arc.grids import Grid
from trm_tasks_arc.outcomes import Results
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.scoring import ATTEMPTS

STYLE = """:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 96rem; padding: 1rem; font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin: 0 0 .25rem; }
main { display: flex; flex-wrap: wrap; gap: 1rem; }
article { border: 1px solid #8886; border-radius: .4rem; padding: .5rem .75rem; }
figure { display: inline-block; margin: 0 .75rem 0 0; vertical-align: top; } figcaption { font-size: .8rem; }
dt { font-weight: 600; } dd { margin: 0 0 .25rem 1rem; }
.right { border-color: #18883d; border-width: 2px; }"""
CELL = 8


def contact_sheet(results: Results, protocol: Mapping[str, Any]) -> str:
    """Return the text of the page."""
    facts = "".join(
        f"<dt>{escape(_words(name))}</dt><dd>{escape(_text(value))}</dd>" for name, value in protocol.items()
    )
    failures = ", ".join(f"{mode}: {count}" for mode, count in results.failures().items())
    lines = [f"{len(results.tasks):,} tasks"]
    if results.known:
        lines += [f"pass@{k} {results.score(k):.2%}" for k in range(1, ATTEMPTS + 1)]
    lines += [f"test inputs without a right answer by failure: {failures}"] if failures else []
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>ARC tasks</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>ARC tasks</h1>\n"
        f"<p>{escape('; '.join(lines))}</p>\n<details><summary>Protocol</summary><dl>{facts}</dl></details>\n<main>\n"
        + "\n".join(article for task in results.tasks.values() for article in _articles(results, task))
        + "\n</main>\n</body>\n</html>\n"
    )


def _articles(results: Results, task: Task) -> Iterator[str]:
    """One article for each test input."""
    outcome = results.outcomes[task.id]
    for number, pair in enumerate(task.test):
        verdict = results.failure(task, number) or ("not scored" if pair.output is None else "right")
        grids = [("input", pair.input)]
        grids += [(f"attempt {k}", grid) for k, grid in enumerate(outcome.attempts(number), start=1)]
        grids += [("solution", pair.output)] if pair.output is not None else []
        name = f"{task.id}, test input {number + 1}: {verdict}, {outcome.seconds:,.1f} s"
        figures = "".join(f"<figure>{_svg(grid)}<figcaption>{title}</figcaption></figure>" for title, grid in grids)
        kind = ' class="right"' if verdict == "right" else ""
        yield f"<article{kind}><h2>{escape(name)}</h2>{figures}</article>"


def _svg(grid: Grid) -> str:
    """A small picture without digits; cells of one colour in a row are one rectangle, to keep large pages small."""
    rows, columns = grid.shape
    parts = []
    for row, colours in enumerate(grid.tolist()):
        column = 0
        for colour, cells in groupby(colours):
            width = len(list(cells))
            place = f'x="{column * CELL}" y="{row * CELL}" width="{width * CELL}" height="{CELL}"'
            parts.append(f'<rect {place} fill="{PALETTE[colour]}"/>')
            column += width
    lines = [f"M{x * CELL} 0V{rows * CELL}" for x in range(columns + 1)]
    lines += [f"M0 {y * CELL}H{columns * CELL}" for y in range(rows + 1)]
    size = f'width="{columns * CELL}" height="{rows * CELL}"'
    return f'<svg {size}>{"".join(parts)}<path d="{"".join(lines)}" stroke="#555" stroke-width=".5" fill="none"/></svg>'


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(name)}: {_text(inner)}" for name, inner in value.items() if inner is not None)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
