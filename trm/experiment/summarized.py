"""`SummarizedRun`: a run that has ended, as a mapping of what its `summary.json` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm.experiment.run_view import run_html


@dataclass(frozen=True)
class SummarizedRun(Mapping[str, Any]):
    """A run that has ended; as a mapping, its `summary.json`.

    Attributes:
        folder: the run folder.
        summary: its `summary.json`.
    """

    folder: Path
    summary: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.summary[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.summary)

    def __len__(self) -> int:
        return len(self.summary)

    @property
    def scores(self) -> Mapping[str, float]:
        """Scores of the averaged weights on the test puzzles."""
        scores: Mapping[str, float] = self.summary["final_metrics"]
        return scores

    def _repr_html_(self) -> str:
        return run_html(self.folder, self.summary)
