"""The report: one JSON document and one page of Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gpu_parts.part import CHECK
from gpu_parts.running import Result

TITLES = {
    "device": "device",
    "devices": "number of devices",
    "driver": "driver",
    "cuda": "CUDA or ROCm",
    "torch": "torch",
    "trm": "trm",
    "commit": "commit",
    "python": "Python",
    "system": "system",
    "date": "date",
    "command": "command",
}


def document(results: Sequence[Result], settings: dict[str, Any], seconds: float) -> dict[str, Any]:
    """All results as JSON values.

    Args:
        results: of all parts.
        settings: what the benchmark was called with.
        seconds: how long it took.
    """
    return {
        "machine": next((row for result in results if result.name == "device" for row in result.rows), {}),
        "settings": settings,
        "seconds": round(seconds, 1),
        "passed": passed(results),
        "parts": [vars(result) for result in results],
        "steps": list(_shares(results)),
    }


def passed(results: Iterable[Result]) -> bool:
    """Whether no check failed."""
    return not any(result.kind == CHECK and result.status == "failed" for result in results)


def write(folder: Path, report: dict[str, Any]) -> None:
    """Write `gpu.json` and `gpu.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpu.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / "gpu.md").write_text(markdown(report), encoding="utf-8")


def _rows(results: Iterable[Result], *keys: str) -> Iterator[dict[str, Any]]:
    """The rows that have all of some keys."""
    return (row for result in results for row in result.rows if all(key in row for key in keys))


def _shares(results: Sequence[Result]) -> Iterator[dict[str, Any]]:
    """The rates of training steps, with their shares of the matrix rate and their ratios to eager and textbook steps."""
    machine = {row["type"]: row["teraflops"] for row in _rows(results, "type", "teraflops")}
    rows = list(_rows(results, "preset", "way", "precision", "examples_per_second"))
    rates = {(row["preset"], row["way"], row["precision"]): row["examples_per_second"] for row in rows}
    for row in rows:
        found = dict(row)
        preset, precision, rate = row["preset"], row["precision"], row["examples_per_second"]
        if "teraflops" in row and precision in machine:
            found["share_of_multiply_rate"] = row["teraflops"] / machine[precision]
        for way in ("textbook", "eager"):
            other = rates.get((preset, way, precision))
            if other and row["way"] != way and "their_examples_per_second" not in row:
                found[f"over_{way}"] = rate / other
        yield found


def markdown(report: dict[str, Any]) -> str:
    """The report as a page."""
    parts = report["parts"]
    lines = ["# Device benchmark", "", *_table(("", ""), _machine(report)), ""]
    lines += ["## Checks", "", *_table(("check", "result", "seconds", ""), _checks(parts)), ""]
    lines += ["## Matrix products and copies", "", *_table(("type", "rate"), _rates(parts)), ""]
    lines += [
        "## Training steps",
        "",
        "Examples per second and supervision step: forward, backward and update. Inputs are random tokens. The share",
        "is relative to the rate of a large matrix product in the same number type.",
        "",
        *_table(STEP_TITLES, map(_step, report["steps"])),
        "",
    ]
    waits = {row["preset"]: row["waits_at"] for row in report["steps"] if row.get("waits")}
    if waits:
        lines += ["Places where a step of the trainer waits for the device:", ""]
        lines += [
            f"- {preset}: " + ", ".join(f"{place} ({n})" for place, n in at.items()) for preset, at in waits.items()
        ]
        lines += [""]
    open_parts = [part for part in parts if part["status"] != "ok" and part["kind"] != CHECK]
    if open_parts:
        lines += ["## Not measured", "", *_table(("part", "status", "why"), map(_open, open_parts)), ""]
    return "\n".join(lines)


STEP_TITLES = (
    "preset", "way", "type", "batch", "examples / s", "share", "x textbook", "x eager", "x paper's code", "memory",
    "warm-up", "waits per step",
)  # fmt: skip


def _step(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["preset"],
        row["way"],
        row["precision"],
        str(row["batch"]),
        f"{row['examples_per_second']:,.1f}",
        _formatted(row.get("share_of_multiply_rate"), ".0%"),
        _formatted(row.get("over_textbook"), ".2f"),
        _formatted(row.get("over_eager"), ".2f"),
        _formatted(row.get("ratio"), ".2f"),
        _formatted(row.get("peak_gib"), ".1f", " GiB"),
        _formatted(row.get("warm_up_seconds"), ".1f", " s"),
        _formatted(row.get("waits"), "d"),
    )


def _formatted(value: float | None, pattern: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{pattern}}{unit}"


def _machine(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, title in TITLES.items():
        if report["machine"].get(name) is not None:
            yield title, str(report["machine"][name])
    yield "time", f"{report['seconds']:.0f} s of {60 * report['settings']['minutes']:.0f} s"


def _checks(parts: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        if part["kind"] == CHECK:
            yield part["name"], part["status"], f"{part['seconds']:.1f}", part["detail"]


def _rates(parts: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in (row for part in parts for row in part["rows"] if "type" in row):
        copied = row.get("gigabytes_per_second")
        yield row["type"], f"{row['teraflops']:.3g} TFLOP/s" if copied is None else f"{copied:.3g} GB/s"


def _open(part: dict[str, Any]) -> tuple[str, ...]:
    return part["name"], part["status"], part["detail"]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (titles, ["---"] * len(titles), *cells)]
