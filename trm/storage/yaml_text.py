"""Reading and writing YAML within limits. Import this module where it is needed: PyYAML costs 20 ms."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

import yaml

DEEPEST = 32


class _Loader(yaml.SafeLoader):
    """Reads booleans and numbers as YAML 1.2 does: `on` and `off` are words, `1e-4` is a number."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own declaration
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that stands twice; PyYAML would keep the last value."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands here twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes texts that `_Loader` or a reader of YAML 1.1 would take for something else."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|false|True|False|TRUE|FALSE)$"), list("tTfF")
)
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


def _list(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(list, _list)


def parse_yaml(text: str) -> Any:
    """Parse YAML, refusing aliases, repeated keys and deep nesting.

    With aliases a few lines expand to gigabytes. PyYAML's time grows with the square of the nesting depth.

    Raises:
        ValueError: the text is not valid YAML, or has what is refused; the message names line and column where it can.
    """
    try:
        _check_events(yaml.parse(text, Loader=_Loader))
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{place}{error.problem}") from error
    except (KeyError, AttributeError) as error:  # `!!bool maybe`, `!!timestamp soon`
        raise ValueError("it has a value that does not fit its tag") from error
    except (yaml.YAMLError, RecursionError, TypeError, OverflowError) as error:
        raise ValueError(f"it is not valid YAML ({error})") from error


def _check_events(events: Iterable[yaml.Event]) -> None:
    """Raise ValueError at the first alias, or where the nesting is too deep."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it has aliases (*name)")
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")


def yaml_text(value: Any) -> str:
    """Write plain values as YAML: mappings in their order, a line for each key, lists between brackets."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=100))
