"""`--seeds 0-4`: several seeds for one command."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

MOST = 1000


class Seeds(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of Click
    """Seeds as ranges and numbers: `0-4` or `0,1,7`."""

    name = "A-B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        seeds: list[int] = []
        for part in str(value).split(","):
            match = re.fullmatch(r"\s*([0-9]{1,9})(?:-([0-9]{1,9}))?\s*", part)
            if match is None:
                self.fail(f"{value!r} is not a list of seeds. Write a range or numbers: 0-4 or 0,1,7.", param, ctx)
            first, last = int(match[1]), int(match[2] or match[1])
            if not first <= last < first + MOST:
                self.fail(f"{part.strip()!r} is not a range of at most {MOST:,} seeds, such as 0-4.", param, ctx)
            seeds += range(first, last + 1)
        return tuple(dict.fromkeys(seeds))


def seeds_option(help_text: str) -> Callable[[Any], Any]:
    """The option `--seeds`."""
    return click.option("--seeds", type=Seeds(), default=(), metavar="A-B", help=help_text)
