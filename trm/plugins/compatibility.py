"""Check that a plugin's metadata allows this version of the core. Every command does, so it uses the standard library only."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable

REQUIREMENT = re.compile(r"trm\s*(?:\[[\w\s,-]*\])?\s*\(?(?P<clauses>[<>=!~][^;()]*)\)?\s*(?P<marker>;.*)?")
CLAUSE = re.compile(r"\s*(?P<operator>[<>=!~]=|[<>])\s*(?P<release>\d+(?:\.\d+)*)(?P<rest>\S*)\s*")
Release = tuple[int, ...]
COMPARE: dict[str, Callable[[Release, Release], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def unmet_requirement(requirements: Iterable[str], version: str) -> str | None:
    """The first requirement of `trm` that `version` does not meet; None if it meets all.

    pip checks the same when it installs a plugin, but not with `--no-deps`, and it upgrades the core even if an installed
    plugin does not allow that. Requirements with an environment marker are ignored.
    """
    for requirement in requirements:
        match = REQUIREMENT.fullmatch(requirement.strip())
        if (
            match
            and not match["marker"]
            and not all(_allows(clause, version) for clause in match["clauses"].split(","))
        ):
            return requirement
    return None


def _allows(clause: str, version: str) -> bool:
    """Whether a clause such as ``>=0.1`` allows a version. True for what is not a plain comparison of releases."""
    match = CLAUSE.fullmatch(clause)
    if match is None or (match["rest"] and match["rest"] != ".*"):
        return True
    wanted, found = _release(match["release"]), _release(version)
    if match["operator"] == "~=":
        return found >= wanted and found[: len(wanted) - 1] == wanted[:-1]
    if match["rest"]:
        return COMPARE[match["operator"]](found[: len(wanted)], wanted)
    length = max(len(wanted), len(found))
    return COMPARE[match["operator"]](_padded(found, length), _padded(wanted, length))


def _release(version: str) -> Release:
    """``0.2.0.dev1`` -> (0, 2, 0)."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _padded(release: Release, length: int) -> Release:
    return release + (0,) * (length - len(release))
