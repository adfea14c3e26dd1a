"""Sphinx directives that generate the reference from the code, so that it can't say anything else.

`hooks` documents every hook of `trm.hookspecs` and every spec of `trm.specs`, `settings` the fields of a pydantic model,
`checks` the conformance kit.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from trm import hookspecs, specs
from trm.plugins.registry import HOOKS


class _Generated(SphinxDirective):
    """A directive whose content is Markdown made by `markdown`."""

    def markdown(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        parent = nodes.section()
        text = "\n".join(self.markdown()).splitlines()
        self.state.nested_parse(
            StringList(text, source=f"<{self.name}>"), self.content_offset, parent, match_titles=True
        )
        return parent.children


class Hooks(_Generated):
    """Each hook with its signature and prose, and the fields of what it returns."""

    def markdown(self) -> Iterator[str]:
        for name, spec in HOOKS.items():
            yield from (f"## {name}", "", "```python", f"def {name}() -> Sequence[{spec.__name__}]", "```", "")
            yield from (inspect.getdoc(getattr(hookspecs, name)) or "", "")
            yield from _spec(spec)
        yield from ("## PresetSpec", "", "What a `TaskSpec` has in `presets`.", "")
        yield from _spec(specs.PresetSpec)


class Settings(_Generated):
    """The fields of a settings class of `trm.config`, its name being the argument."""

    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        from trm import config

        model = getattr(config, self.arguments[0])
        yield from (inspect.getdoc(model) or "", "", "| field | default | |", "|---|---|---|")
        for name, field in model.model_fields.items():
            default = "needed" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
            yield f"| `{name}` | {default} | {_cell(field.description or '')} |"
        yield ""


class Checks(_Generated):
    """Every check of the conformance kit with what it holds a task to."""

    def markdown(self) -> Iterator[str]:
        from trm.testing import CHECKS

        yield from ("| check | |", "|---|---|")
        for name, check in CHECKS.items():
            yield f"| `{name}` | {_cell((inspect.getdoc(check) or '').splitlines()[0])} |"
        yield ""


def _spec(spec: type[Any]) -> Iterator[str]:
    """The fields of a spec, as its docstring describes them."""
    described = _attributes(spec)
    yield from (f"Fields of `{spec.__name__}`:", "", "| field | default | |", "|---|---|---|")
    for field in dataclasses.fields(spec):
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = "needed" if needed else f"`{_default(field)!r}`"
        yield f"| `{field.name}` | {default} | {_cell(described[field.name])} |"
    yield ""


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _attributes(spec: type[Any]) -> dict[str, str]:
    """The `Attributes:` of a docstring by name."""
    _, _, text = (inspect.getdoc(spec) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("    ") and not line.startswith("     "):
            name, _, first = line.strip().partition(": ")
            found[name] = first
        else:
            found[name] += " " + line.strip()
    return found


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("``", "`").replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("hooks", Hooks)
    app.add_directive("settings", Settings)
    app.add_directive("checks", Checks)
    return {"parallel_read_safe": True}
