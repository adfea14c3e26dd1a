"""The files that an evaluation with test-time learning writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from trm_tasks_arc.kept import Kept
from trm_tasks_arc.outcomes import Results
from trm_tasks_arc.scoring import ATTEMPTS
from trm_tasks_arc.sheet import contact_sheet


def write_reports(kept: Kept, results: Results, protocol: Mapping[str, Any]) -> dict[str, float]:
    """Write everything about an evaluation to its folder.

    These are `submission.json`, `results.csv` with a row for each task, and `protocol.json`; if solutions are known also
    `scores.json`, `curve.csv` with the score against processor time, and `index.html` with a picture of each task.

    Returns:
        `pass@1` and `pass@2`; nothing without solutions.
    """
    kept.write_json("submission.json", results.submission())
    kept.write_text("results.csv", as_csv(results.rows()))
    kept.write_json("protocol.json", dict(protocol))
    kept.write_text("index.html", contact_sheet(results, protocol))
    if not results.known:
        return {}
    scores = {f"pass@{k}": results.score(k) for k in range(1, ATTEMPTS + 1)}
    seconds = sum(outcome.seconds for outcome in results.outcomes.values())
    report = {
        **scores, "tasks": len(results.known), "cpu_seconds": round(seconds, 1), "failures": results.failures()
    }  # fmt: skip
    kept.write_json("scores.json", report)
    kept.write_text("curve.csv", as_csv(results.curve()))
    return scores


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
