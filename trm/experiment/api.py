"""`trm.train` and `trm.resume`: training from Python in one call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from typing_extensions import Unpack

from trm.errors import UsageError
from trm.experiment import resumption
from trm.experiment.experiment import Experiment
from trm.experiment.fit import TrainedRun, fit
from trm.experiment.notebook import notebook_display
from trm.experiment.resumption import FinishedRun
from trm.experiment.session import Display, Session
from trm.runs.run_folder import check_free, free_folder
from trm.training.monitor import Monitor, PrintMonitor


class Lines(Display):
    """Prints a line of progress at each logging interval."""

    def note(self, text: str) -> None:
        print(text, flush=True)

    def monitor(self, experiment: Experiment) -> Monitor:
        return PrintMonitor()


class TrainFields(TypedDict, total=False):
    """Further keyword arguments of `train`."""

    dataset: str | None
    augmentation: str | None
    data: Path | None
    seed: int
    init: str | None
    metrics: tuple[str, ...]
    device: str
    display: Display


def train(
    task: str,
    preset: str | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    **others: Unpack[TrainFields],
) -> TrainedRun:
    """Train a model on a task, as `trm train` does.

    Args:
        task: name of an installed task.
        preset: name of one of its presets. Default: the first.
        settings: values for the task's own settings.
        model: values for fields of `TRMConfig`.
        training: values for fields of `TrainingConfig`.
        output: the run folder, which must not exist yet. Default: a new folder in `runs/`.
        **others: `dataset`, `augmentation` ("" for none), `data` (a folder of arrays), `seed` (default: 0), `init`
            (weights to start from), `metrics` (names of further metrics), `device` (default: "auto"), and `display`
            (default: a live view in a notebook, elsewhere a line at each logging interval).

    Returns:
        The finished run. Its `folder` can be given to `trm.load`.

    Raises:
        UsageError: an unknown name, an invalid value, or an output folder that is not empty.
        TRMError: training failed; the message names the last good checkpoint.
        Interrupted: a KeyboardInterrupt, such as a notebook's stop button. The state is saved, and `resume` continues.
    """
    sections = {"task": settings or {}, "model": model or {}, "training": training or {}}
    experiment = Experiment.from_preset(
        task,
        preset,
        list(_items(sections)),
        dataset=others.get("dataset"),
        augmentation=others.get("augmentation"),
        data=others.get("data"),
        seed=others.get("seed", 0),
    )
    experiment = replace(experiment.starting_from(others.get("init")), metrics=tuple(others.get("metrics", ())))
    experiment.task.metrics(experiment.metrics)  # an unknown name is found before any work is done
    folder = Path(output) if output is not None else free_folder(experiment.run_name)
    if (folder / "config.json").exists():
        raise UsageError(
            f"The output folder {folder} contains a run. Resume it with trm.resume({str(folder)!r}), or choose another output."
        )
    check_free(folder)
    session = Session.open(others.get("device", "auto"), others.get("display") or notebook_display() or Lines())
    run = fit(experiment, session, folder)
    assert run is not None
    return run


def resume(
    folder: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    device: str = "auto",
    display: Display | None = None,
) -> TrainedRun | FinishedRun:
    """Resume an interrupted training exactly where it was saved, as `trm train --resume` does.

    Args:
        folder: the run folder.
        training: new values for fields of `TrainingConfig` that no step depends on, such as `max_steps`, which moves the end.
        device: "auto", "cpu", "cuda", "cuda:1", "mps", or a plugin's device.
        display: as for `train`.

    Returns:
        The finished run. If it had been finished before, and `training` does not move its end, it is returned as it is.

    Raises:
        CheckpointError: the folder is not a run, or none of its checkpoints is undamaged.
        UsageError: a value would make it a different training.
        Interrupted: as for `train`.
    """
    session = Session.open(device, display or notebook_display() or Lines())
    run = resumption.resume(Path(folder), session, sets=list(_items({"training": training or {}})))
    assert run is not None
    return run


def _items(sections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Values of settings as `--set` takes them."""
    for section, values in sections.items():
        for name, value in values.items():
            yield f"{section}.{name}={json.dumps(value)}"
