"""Training one experiment with several seeds: each seed is an ordinary run, and the scores are summarized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.fit import fit
from trm.experiment.restarts import is_run_of
from trm.experiment.resumption import resume
from trm.experiment.score_series import Summary
from trm.experiment.session import Session
from trm.runs.history import read_history


@dataclass(frozen=True)
class TrainedSeeds:
    """The runs of an experiment with several seeds.

    Attributes:
        folder: the folder of the run folders.
        seeds: the seeds.
        summaries: the `summary.json` of each run, in the order of the seeds.
    """

    folder: Path
    seeds: tuple[int, ...]
    summaries: tuple[dict[str, Any], ...]

    def scores(self) -> list[Summary]:
        """Mean, spread and interval of each final score; none for a single seed."""
        if len(self.seeds) < 2:
            return []
        finals = [summary["final_metrics"] for summary in self.summaries]
        shared = [name for name in finals[0] if all(name in final for final in finals)]
        return [Summary.of(name, [final[name] for final in finals]) for name in shared]

    def as_json(self) -> dict[str, Any]:
        """The report that `trm train --seeds --json` prints."""
        return {
            "run": str(self.folder.absolute()),
            "seeds": list(self.seeds),
            "runs": list(self.summaries),
            "metrics": [asdict(summary) for summary in self.scores()],
        }


def fit_seeds(
    experiment: Experiment, session: Session, folder: Path, seeds: Sequence[int], trackers: Sequence[str] = ()
) -> TrainedSeeds:
    """Train with each seed in turn, in `folder/seed_N`.

    Finished runs that are there already are kept and interrupted ones resumed, so that the same call continues after an
    interruption.

    Raises:
        UsageError: a run folder belongs to an experiment with other settings.
        TRMError: a training failed.
        Interrupted: SIGINT or SIGTERM arrived; the state is saved.
    """
    for seed in seeds:
        one = experiment.with_seed(seed)
        run = folder / f"seed_{seed}"
        if not (run / "config.json").exists():
            fit(one, session, run, trackers=trackers)
            continue
        if not is_run_of(one, run):
            raise UsageError(f"{run} is a run with other settings. Choose another --output for these seeds.")
        summary = read_history(run).summary
        if summary is None or "test_puzzles" not in summary:  # killed before the summary was complete
            resume(run, session, trackers=trackers)
        else:
            session.display.note(f"{run} is finished: keeping it.")
    found = [read_history(folder / f"seed_{seed}").summary or {} for seed in seeds]
    return TrainedSeeds(folder, tuple(seeds), tuple(found))
