"""Corrupt bytes, text and JSON as failing disks, transfers, people and attackers do."""

from __future__ import annotations

import copy
import json
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

NUMBERS = (
    0,
    1,
    -1,
    2,
    7,
    127,
    128,
    255,
    256,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    10**12,
)
ODD_TEXTS = (
    "", " ", "\0", "\x1b[2J\x1b[31m", "\x9b31m", "\r", "\u202e", "\u2028", "[bold]", "[/]", "[red]x[/red]", "<script>",
    "²", "٣", "é" * 40, "😀", "\ufeff", "../../x", "/nowhere/x", "..", ".", "a/b", "%s%n{0}", "$\\frac$", "*", "~",
    "nan", "Infinity", "1e999", "-0", "0x10", "9" * 400, "'", '"', ",", "\n", "\r\n", "\t", "|||", "t9|||", "NUL", "none",
)  # fmt: skip
MARKS = {
    "@deep@": "[" * 3000 + "]" * 3000,
    "@digits@": "9" * 5000,
    "@half@": '"\\ud800"',
    "@nan@": "NaN",
    "@inf@": "-Infinity",
}
"""Stand-ins for what `json.dumps` does not write."""


def corrupt_bytes(rng: random.Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """A few changes of bytes."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((1, 2, 8, 64, 1024)))
        change = rng.randrange(8)
        if change == 0 and content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        elif change == 1:
            del content[start:]
        elif change == 2:
            del content[start:end]
        elif change == 3:
            content[start:start] = content[start:end] * rng.choice((1, 2, 50))
        elif change == 4:
            content[start:end] = rng.randbytes(end - start)
        elif change == 5:
            number = rng.choice(NUMBERS) % 2**64
            packed = struct.pack(rng.choice("<>") + "Q", number)
            content[start : start + 8] = packed[: rng.choice((1, 2, 4, 8))]
        elif change == 6:
            content[start:start] = rng.choice(ODD_TEXTS).encode()
        elif others:
            other = rng.choice(others)
            content[start:end] = other[rng.randrange(len(other) + 1) :][: rng.choice((8, 256, 10**6))]
    return bytes(content)


def corrupt_text(rng: random.Random, text: str) -> str:
    """A few changes of characters, lines and numbers."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice((1, 1, 3, 20, 200)))
        lines = text.splitlines(keepends=True)
        change = rng.randrange(8)
        if change == 0:
            text = text[:start] + rng.choice(ODD_TEXTS) + text[end:]
        elif change == 1:
            text = text[:start] + text[end:]
        elif change == 2 and text:
            text = text[:start] + rng.choice(text) + text[start + 1 :]
        elif change == 3:
            text = text[:start] + text[start:end] * rng.choice((2, 9, 500)) + text[end:]
        elif change == 4 and lines:
            rng.shuffle(lines)
            text = "".join(lines)
        elif change == 5 and lines:
            text = "".join(lines) + rng.choice(lines)
        elif change == 6:
            text = text[:start] + str(rng.choice(NUMBERS)) + text[end:]
        else:
            text = text[:start] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0xD800)))) + text[start:]
    return text[: 2**20]


def odd_value(rng: random.Random) -> Any:
    """A value that a JSON document might hold where another is expected."""
    return rng.choice(
        (
            None, True, False, rng.choice(NUMBERS), -rng.choice(NUMBERS), rng.random() * 10 ** rng.randrange(-300, 300),
            rng.choice(ODD_TEXTS), [], {}, [[]], [None], {"a": 1}, [rng.choice(NUMBERS)] * 3, "x" * 10_000,
            *MARKS,
        )
    )  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with the key or index of every value in it."""
    items: list[Any] = [value]
    while items:
        container = items.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            yield container, key
            if isinstance(container[key], (dict, list)):
                items.append(container[key])


def corrupt_json(rng: random.Random, value: Any) -> Any:
    """A copy of a document with a few of its values, keys or places changed."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(value)) if isinstance(value, (dict, list)) else []
        if not places:
            return odd_value(rng)
        container, key = rng.choice(places)
        change = rng.randrange(6)
        if change < 3:
            container[key] = odd_value(rng)
        elif change == 3:
            del container[key]
        elif change == 4 and isinstance(container, dict):
            container[rng.choice((*ODD_TEXTS, *container))] = container.pop(key)
        else:
            other, other_key = rng.choice(places)
            container[key] = copy.deepcopy(other[other_key]) if other_key in other or isinstance(other, list) else None
    return value


def corrupted_json(rng: random.Random, data: bytes) -> bytes:
    """JSON corrupted as a document, now and then as bytes too."""
    if rng.random() < 0.2:
        return corrupt_bytes(rng, data)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return corrupt_bytes(rng, data)
    return dumped(corrupt_json(rng, value))


def dumped(value: Any) -> bytes:
    """JSON with the stand-ins replaced."""
    text = json.dumps(value)
    for mark, written in MARKS.items():
        text = text.replace(f'"{mark}"', written)
    return text.encode()


def corrupt_lines(rng: random.Random, data: bytes, corrupt: Callable[[random.Random, bytes], bytes]) -> bytes:
    """Corrupt one line of a file."""
    lines = data.split(b"\n")
    number = rng.randrange(len(lines))
    lines[number] = corrupt(rng, lines[number])
    return b"\n".join(lines)
