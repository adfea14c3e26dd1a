"""`SweepRequest`: what a sweep trains, checked before the first training begins."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from trm.config.overrides import find_preset
from trm.errors import UsageError, nearest
from trm.experiment.experiment import Experiment
from trm.experiment.sweeping.values import Choices, Parameter, Range, from_json, setting_items
from trm.experiment.task import CORE_METRICS
from trm.plugins.registering import SESSION
from trm.plugins.registry import get_registry
from trm.progress import progress
from trm.runs.differences import described
from trm.runs.locate import locate
from trm.runs.starting import check_start
from trm.specs import MetricSpec, PresetSpec

METRIC = "exact_accuracy"
"""The score that the best checkpoint of a run is chosen by."""

MOST_RUNS = 10_000


@dataclass(frozen=True)
class SweepRequest:
    """What a sweep trains.

    Attributes:
        task: name of the task.
        preset: name of a preset, or one made from a file. Default: the task's first.
        parameters: the settings with their values. Those with one value are the same in all trials.
        seeds: every combination is trained with each of them.
        dataset: name of a dataset. Default: the preset's, or the task's.
        augmentation: name of an augmentation, "none" or "" for none. Default: the preset's, or the task's.
        data: folder of arrays to read instead of the dataset.
        init: weights to start from.
        metric: the score that combinations are compared by.
        search: number of trials of a search; None for a grid.
        threads: CPU threads of each training.
    """

    task: str
    preset: str | PresetSpec | None = None
    parameters: tuple[Parameter, ...] = ()
    seeds: tuple[int, ...] = (0,)
    dataset: str | None = None
    augmentation: str | None = None
    data: Path | None = None
    init: str | None = None
    metric: str = METRIC
    search: int | None = None
    threads: int = 1

    @property
    def varied(self) -> tuple[Parameter, ...]:
        """The settings with several values."""
        return tuple(item for item in self.parameters if isinstance(item, Range) or len(item.values) > 1)

    @property
    def fixed(self) -> dict[str, Any]:
        """The settings with one value."""
        singles = (item for item in self.parameters if isinstance(item, Choices) and len(item.values) == 1)
        return {item.name: item.values[0] for item in singles}

    @property
    def preset_name(self) -> str:
        """The name of the preset."""
        preset = find_preset(get_registry().task(self.task), self.preset)
        return preset.name

    def direction_of(self, metric: str) -> bool:
        """Whether a higher value of a metric is better.

        Raises:
            UsageError: the task has no such metric.
        """
        known = get_registry().parts(MetricSpec, self.task)
        if metric not in known:
            if get_registry().task(self.task).evaluate is not None:  # its scores have no specs
                return True
            raise UsageError(f"Task {self.task!r} has no metric {metric!r}. {nearest(metric, known)}")
        return known[metric].higher_is_better

    @cached_property
    def split(self) -> str:
        """The split that combinations are compared on: "validation" if the data has it, else "test"."""
        task = self.experiment(next(self.examples()), self.seeds[0]).task
        return "validation" if task.spec.evaluate is None and task.has_split("validation") else "test"

    def combinations(self) -> Iterator[dict[str, Any]]:
        """The grid: every combination of values, the last setting changing fastest."""
        names = [item.name for item in self.parameters]
        for values in itertools.product(*(item.examples for item in self.parameters)):
            yield dict(zip(names, values, strict=True))

    def examples(self) -> Iterator[dict[str, Any]]:
        """What is checked before the first training: the whole grid or, of a search, every value and end of a range once."""
        if self.search is None:
            yield from self.combinations()
            return
        first = {item.name: item.examples[0] for item in self.parameters}
        yield first
        for item in self.parameters:
            yield from ({**first, item.name: value} for value in item.examples[1:])

    def experiment(self, values: Mapping[str, Any], seed: int) -> Experiment:
        """The experiment of a combination and a seed: the same that `trm train` makes of these settings.

        Raises:
            UsageError: see `Experiment.from_preset`.
        """
        experiment = Experiment.from_preset(
            self.task,
            self.preset,
            setting_items(values),
            dataset=self.dataset,
            augmentation=self.augmentation,
            data=self.data,
            seed=seed,
        )
        spec = experiment.task.spec
        reported = self.metric in (*CORE_METRICS, *spec.metric_names) or spec.evaluate is not None
        return replace(experiment.starting_from(self.init), metrics=() if reported else (self.metric,))

    def check(self) -> None:
        """Check every value before any training.

        Raises:
            UsageError: an unknown metric, a value that the model or the task does not take, weights to start from that do
                not fit, a range without a search, or a search without anything to search.
        """
        self._check_size()
        registry = get_registry()
        if registry.owner(registry.task(self.task)).distribution == SESSION:
            raise UsageError(
                f"Task {self.task!r} is registered in this process only, and each run of a sweep is a process of its own. "
                "Make the task a plugin: trm new-task."
            )
        self.direction_of(self.metric)
        start = None if self.init is None or self.init.lower() == "none" else locate(self.init)
        examples = list(self.examples())
        with progress("Checking the settings", len(examples), "trials") as advance:
            for values in examples:
                try:
                    experiment = self.experiment(values, self.seeds[0])
                    model = experiment.expected_model()
                    if start is not None and not (start.run.model.num_puzzles or model.num_puzzles):
                        check_start(start, experiment.run_config(model))
                except UsageError as error:
                    chosen = {item.name: values[item.name] for item in self.varied}
                    raise UsageError(f"{f'With {described(chosen)}: ' if chosen else ''}{error}") from error
                advance(1)

    def _check_size(self) -> None:
        ranges = [item.name for item in self.parameters if isinstance(item, Range)]
        if ranges and self.search is None:
            raise UsageError(f"--set {ranges[0]}: a range needs --search N. List the values for a grid: A,B,C.")
        if self.search is not None and not self.varied:
            raise UsageError("--search needs a setting to search, such as --set training.learning_rate=1e-4..1e-2:log.")
        runs = len(self.seeds)
        for item in self.parameters if self.search is None else ():
            runs *= len(item.examples)
        if runs > MOST_RUNS:
            raise UsageError(f"The grid has {runs:,} trainings; at most {MOST_RUNS:,} are possible. Use --search N.")

    def as_json(self) -> dict[str, Any]:
        """What `sweep.json` holds of the request."""
        return {
            "task": self.task,
            "preset": self.preset if isinstance(self.preset, str) else asdict(self.preset) if self.preset else None,
            "parameters": {item.name: item.as_json() for item in self.parameters},
            "seeds": list(self.seeds),
            "dataset": self.dataset,
            "augmentation": self.augmentation,
            "data": str(self.data.absolute()) if self.data else None,
            "init": self.init,
            "metric": self.metric,
            "search": self.search,
            "threads": self.threads,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> SweepRequest:
        """The inverse of `as_json`."""
        preset = saved["preset"]
        return cls(
            task=saved["task"],
            preset=PresetSpec(**preset) if isinstance(preset, Mapping) else preset,
            parameters=tuple(from_json(name, value) for name, value in saved["parameters"].items()),
            seeds=tuple(saved["seeds"]),
            dataset=saved["dataset"],
            augmentation=saved["augmentation"],
            data=Path(saved["data"]) if saved["data"] else None,
            init=saved["init"],
            metric=saved["metric"],
            search=saved["search"],
            threads=saved["threads"],
        )

    def digest(self) -> str:
        """Eight characters that differ for searches that cannot share their trials."""
        shared = {name: value for name, value in self.as_json().items() if name != "search"}
        return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()[:8]


def identity(experiment: Experiment) -> str:
    """A key that is equal for experiments with the same settings, seeds aside, however they were written."""
    model = experiment.expected_model().model_dump(mode="json", exclude={"structure"})
    training = experiment.training.model_dump(mode="json") if experiment.training else None
    return json.dumps([experiment.task.config.model_dump(mode="json"), model, training], sort_keys=True)


def varied_names(requests: Sequence[SweepRequest]) -> list[str]:
    """The settings with several values in any of some requests."""
    return list(dict.fromkeys(item.name for request in requests for item in request.varied))
