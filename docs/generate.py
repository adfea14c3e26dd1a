"""Write the generated parts of the reference pages: `python docs/generate.py`.

A page in `docs/reference/` holds its own text and one or more generated parts between two comments:

    <!-- generated: hooks -->
    ...
    <!-- end -->

The generator replaces what stands between them with Markdown made from the code. Commit the result, so that the pages
can be read on GitHub. `tests/docs/test_docs.py` fails if a committed page differs from the generator's output.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click

REFERENCE = Path(__file__).parent / "reference"
PART = re.compile(r"(<!-- generated: ([\w.]+)(?: ([\w.]+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
WIDTH = 100
SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises")


def hooks() -> Iterator[str]:
    """Each hook with its docstring and a table of the fields of its spec."""
    from trm import hookspecs, specs
    from trm.plugins.registry import HOOKS

    for name, spec in HOOKS.items():
        yield from (f"## {name}", "", "```python", f"def {name}() -> Sequence[{spec.__name__}]: ...", "```", "")
        yield from (_prose(getattr(hookspecs, name)), "")
        yield from _spec(spec)
    yield from ("## PresetSpec", "", "`TaskSpec.presets` is a tuple of these.", "")
    yield from _spec(specs.PresetSpec)


def settings(name: str) -> Iterator[str]:
    """The fields of a settings class in `trm.config`."""
    from trm import config

    model = getattr(config, name)
    sections = model.sections() if hasattr(model, "sections") else {"": model.model_fields}
    for title, names in sections.items():
        yield from (f"### {title}", "") if title else ()
        yield from _table("field", "type", "default", "description")
        for field_name in names:
            field = model.model_fields[field_name]
            default = "required" if field.is_required() else _value(field.get_default(call_default_factory=True))
            yield _row(f"`{field_name}`", _type(field.annotation), default, field.description or "")
        yield ""


def checks() -> Iterator[str]:
    """The checks of the conformance kit."""
    from trm.testing import CHECKS

    yield from _table("check", "requirement")
    for name, check in CHECKS.items():
        yield _row(f"`{name}`", _summary(check))


def commands() -> Iterator[str]:
    """Every command with its arguments and options, as Click knows them."""
    from trm.cli.main import COMMANDS, cli

    for name, (_, summary) in COMMANDS.items():
        yield f"- [`trm {name}`](#trm-{name}): {summary}"
    yield ""
    context = click.Context(cli, info_name="trm")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from _command(command, click.Context(command, info_name=name, parent=context))


def names(module_name: str) -> Iterator[str]:
    """The public names of a module, each with the first line of its docstring."""
    yield from _table("name", "description")
    for name, value in _public(module_name):
        yield _row(f"`{name}`", _summary(value))


def details(module_name: str) -> Iterator[str]:
    """The public functions and classes of a module, each with its signature, its docstring, its properties and methods."""
    documented = [(name, value) for name, value in _public(module_name) if callable(value) and _docstring(value)]
    for name, value in sorted(documented, key=lambda item: inspect.isclass(item[1])):  # functions first
        yield from _documented("###", f"{module_name}.{name}", name, value)
        properties = list(_properties(value))
        if properties:
            yield from ("Properties:", "", *(f"- `{item}`: {_summary_of(member)}" for item, member in properties), "")
        for method_name, method in _methods(value):
            yield from _documented("####", f"{name}.{method_name}", method_name, method)


def _documented(level: str, title: str, name: str, value: Any) -> Iterator[str]:
    yield from (f"{level} {title}", "", "```python", _signature(name, value), "```", "", _prose(value), "")


GENERATORS: dict[str, Callable[..., Iterator[str]]] = {
    generator.__name__: generator for generator in (hooks, settings, checks, commands, names, details)
}


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from (f"## {context.command_path}", "", "```text", usage, "```", "", _help_text(command.help or ""), "")
    if isinstance(command, click.Group):
        for name, sub_command in command.commands.items():
            yield from _command(sub_command, click.Context(sub_command, info_name=name, parent=context))
        return
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    yield from _table("option", "default", "description")
    for option in options:
        yield _row(_flags(option, context), _option_default(option), _help_text(option.help or ""))
    yield ""


def _flags(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag else " " + option.make_metavar(context)
    return f"`{', '.join([*option.opts, *option.secondary_opts])}{value}`"


def _option_default(option: click.Option) -> str:
    return f"`{option.default}`" if option.show_default and not option.is_flag else ""


def _help_text(text: str) -> str:
    """Click's help as Markdown: paragraphs marked with a backspace keep their lines."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        "```text\n" + paragraph.replace("\b\n", "") + "\n```" if "\b" in paragraph else " ".join(paragraph.split())
        for paragraph in paragraphs
    )


def _spec(spec: type[Any]) -> Iterator[str]:
    """The fields of a spec with their descriptions from its docstring."""
    described = _attributes(spec)
    yield from (f"Fields of `{spec.__name__}`:", "", *_table("field", "default", "description"))
    for field in dataclasses.fields(spec):
        yield _row(f"`{field.name}`", _field_default(field), described[field.name])
    yield ""


def _field_default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return _value(field.default_factory())
    return "required" if field.default is dataclasses.MISSING else _value(field.default)


def _attributes(spec: type[Any]) -> dict[str, str]:
    """The `Attributes:` section of a docstring as a dictionary."""
    _, _, text = (inspect.getdoc(spec) or "").partition("Attributes:\n")
    entries = re.split(r"^    (\w+): ", text, flags=re.MULTILINE)[1:]
    return {name: " ".join(body.split()) for name, body in zip(entries[::2], entries[1::2], strict=True)}


def _public(module_name: str) -> Iterator[tuple[str, Any]]:
    module = importlib.import_module(module_name)
    for name in module.__all__:
        if not name.startswith("_"):
            yield name, getattr(module, name)


def _methods(value: Any) -> Iterator[tuple[str, Any]]:
    """The documented public methods that a class defines itself, and the call of a protocol."""
    if inspect.isclass(value):
        for name, method in vars(value).items():
            function = method.__func__ if isinstance(method, classmethod | staticmethod) else method
            public = not name.startswith("_") or (name == "__call__" and getattr(value, "_is_protocol", False))
            if inspect.isfunction(function) and public and inspect.getdoc(function):
                yield name, function


def _properties(value: Any) -> Iterator[tuple[str, property | cached_property[Any]]]:
    """The documented public properties that a class defines itself."""
    if inspect.isclass(value):
        for name, member in vars(value).items():
            if isinstance(member, property | cached_property) and not name.startswith("_") and inspect.getdoc(member):
                yield name, member


def _summary_of(member: property | cached_property[Any]) -> str:
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].replace("``", "`").split())


def _signature(name: str, value: Any) -> str:
    """A call with the names and defaults of its arguments, one a line where one line is too long."""
    if hasattr(value, "model_fields"):
        return f"{name}(**fields)"
    if getattr(value, "_is_protocol", False):
        return f"class {name}(Protocol)"
    parameters = [item for item in inspect.signature(value).parameters.values() if item.name not in ("self", "cls")]
    shown = [str(_named_default(item).replace(annotation=inspect.Parameter.empty)) for item in parameters]
    if any(item.kind is inspect.Parameter.KEYWORD_ONLY for item in parameters):
        shown.insert([item.kind for item in parameters].index(inspect.Parameter.KEYWORD_ONLY), "*")
    line = f"{name}({', '.join(shown)})"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(shown) + ",\n)"


def _named_default(item: inspect.Parameter) -> inspect.Parameter:
    """A parameter whose default, if it is a function, shows its name and not its address."""
    if not inspect.isfunction(item.default):
        return item
    return item.replace(default=type("Name", (), {"__repr__": lambda _, name=item.default.__name__: name})())


def _prose(value: Any) -> str:
    """A docstring as Markdown: its sections become lists, and indented text outside of them code."""
    blocks: list[str] = []
    section = False
    for paragraph in _docstring(value).split("\n\n"):
        heading, _, rest = paragraph.partition(":\n")
        if heading in SECTIONS:
            section = True
            blocks += [f"{heading}:", _entries(rest)]
        elif section or not paragraph.startswith("    "):
            blocks.append(" ".join(paragraph.split()).replace("::", ":"))
        else:
            blocks.append(f"```text\n{inspect.cleandoc(paragraph)}\n```")
    return re.sub(r"(?<!`)``(?!`)", "`", "\n\n".join(blocks))


def _entries(section: str) -> str:
    """The entries of a section of a docstring, such as its arguments, as a list."""
    entries = re.split(r"^    (?=\S)", section, flags=re.MULTILINE)[1:]
    return "\n".join(re.sub(r"^- ([*]{0,2}\w+): ", r"- `\1`: ", f"- {' '.join(entry.split())}") for entry in entries)


def _summary(value: Any) -> str:
    """The first paragraph of a docstring on one line; for data, its value or type."""
    if isinstance(value, int | str):
        return f"`{value!r}`"
    if not inspect.isroutine(value) and (not inspect.isclass(value) or get_args(value)):
        return "a type alias" if get_origin(value) is not None else f"a `{type(value).__name__}`"
    return " ".join(_docstring(value).split("\n\n")[0].replace("``", "`").split())


def _docstring(value: Any) -> str:
    """The docstring of a class or function; data has none."""
    documented = inspect.isclass(value) or inspect.isroutine(value)
    return (inspect.getdoc(value) or "") if documented else ""


def _type(annotation: Any) -> str:
    """A type as a reader writes its values: the choices of a Literal, otherwise the type's name."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return ", ".join(_type(item) for item in get_args(annotation) if item is not NoneType)
    if inspect.isclass(annotation) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def _value(value: Any) -> str:
    """A default value; None reads "unset", as in `--help`, and a settings object its class."""
    if value is None:
        return "unset"
    return f"`{type(value).__name__}()`" if hasattr(type(value), "model_fields") else f"`{value!r}`"


def _table(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield "|" + "---|" * len(columns)


def _row(*cells: str) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", r"\|").split())


def generated(page: str) -> str:
    """A page with its generated parts made anew."""
    return PART.sub(_replacement, page)


def _replacement(match: re.Match[str]) -> str:
    opening, generator, argument, _, end = match.groups()
    body = "\n".join(GENERATORS[generator](*[argument] * (argument is not None))).strip()
    return f"{opening}\n{_wrapped(body)}\n\n{end}"


def _wrapped(text: str) -> str:
    """Markdown with its prose wrapped at 100 columns; code, tables and headings keep their lines."""
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        if in_code or line.startswith(("`", "|", "#")) or len(line) <= WIDTH:
            lines.append(line)
        else:
            indent = "  " * line.startswith("- ")
            lines += textwrap.wrap(
                line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def main() -> None:
    """Rewrite every page that has a generated part, and print the names of those that changed."""
    for path in sorted(REFERENCE.glob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = generated(old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
