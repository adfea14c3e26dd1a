"""Checks of what a task declares: its specs, configuration, description and presets."""

from __future__ import annotations

import re
import subprocess
import sys

from pydantic import ValidationError

from trm.config.overrides import stages
from trm.errors import TRMError, UsageError
from trm.experiment.experiment import Experiment
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec
from trm.testing.check import CheckFailure, CheckSkipped, plugin_code, require
from trm.testing.subject import Subject

HEAVY = ("torch", "numpy", "pydantic")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")


def light_import(subject: Subject) -> None:
    """The plugin's module imports neither torch, numpy nor pydantic."""
    if subject.module is None:
        raise CheckSkipped("the task comes from no entry point")
    if subject.plugin.folder:
        raise CheckSkipped("the task is in an included file, which delays no command unless it is included")
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import {subject.module}; print(*({set(HEAVY)!r} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    require(
        result.returncode == 0,
        f"{subject.module} cannot be imported on its own: {(result.stderr.strip().splitlines() or ['no message'])[-1]}.",
        "Most likely it needs something that another module happens to import first.",
    )
    heavy = result.stdout.split()
    require(
        not heavy,
        f"Importing {subject.module} imports {' and '.join(sorted(heavy))}, which delays every `trm` command.",
        "Most likely a heavy module is imported at its top: refer to it by 'package.module:attribute' in a spec instead.",
    )


def references(subject: Subject) -> None:
    """The specs' names and 'module:attribute' references exist."""
    spec = subject.spec
    require(
        NAME.fullmatch(spec.name) and spec.summary,
        f"The task has the name {spec.name!r} and the summary {spec.summary!r}.",
        "A name consists of lower-case letters, digits, '-', '_' and '/'. A summary is one line for `trm list-tasks`.",
    )
    wanted: list[tuple[type, str | None]] = [
        (DatasetSpec, spec.dataset_name),
        (AugmentationSpec, spec.augmentation_name),
        (RendererSpec, spec.renderer_name),
        *((MetricSpec, name) for name in spec.metric_names),
    ]
    for kind, name in wanted:
        require(
            name is None or name in subject.registry.parts(kind, spec.name),
            f"The task names the {kind.__name__.removesuffix('Spec').lower()} {name!r}, which no plugin registers for it.",
            f"Most likely the {kind.__name__} has another name or another task, or its hook is missing.",
        )
    for problem, cause in subject.unusable.values():
        raise CheckFailure(problem, cause)


def config(subject: Subject) -> None:
    """The configuration builds from defaults, refuses unknown fields, describes its fields and survives JSON.

    The settings that the datasets declare to read exist.
    """
    config_class = subject.config_class
    try:
        default = config_class()
    except ValidationError as error:
        fields = " and ".join(f"`{problem['loc'][0]}`" for problem in error.errors() if problem["loc"])
        raise CheckFailure(
            f"{config_class.__name__} cannot be built from defaults: {fields or 'a validator'} raises an error.",
            "Most likely a field has no default.",
        ) from error
    require(
        config_class.model_config.get("extra") == "forbid",
        f"{config_class.__name__} accepts unknown fields, so a misspelt --set has no effect.",
        'Most likely `model_config = ConfigDict(extra="forbid")` is missing.',
    )
    bare = [name for name, field in config_class.model_fields.items() if not field.description]
    require(
        not bare,
        f"{config_class.__name__} has no description for {', '.join(bare)}, so `trm train {subject.spec.name} --help` "
        "cannot explain it.",
        "Most likely they are plain defaults: write Field(default, description=...).",
    )
    for settings in (default, subject.config):
        with plugin_code("Reading the configuration back from JSON"):
            again = config_class.model_validate_json(settings.model_dump_json())
        require(
            again == settings,
            f"The configuration changes when it is written to JSON and read again: {settings!r} became {again!r}.",
            "Most likely a field has a type that JSON does not keep, or a validator changes its value each time.",
        )
    for dataset in subject.parts(DatasetSpec).values():
        _check_reads(subject, dataset)


def _check_reads(subject: Subject, dataset: DatasetSpec) -> None:
    """Fail if a dataset declares to read a setting that does not exist."""
    unknown = sorted(set(dataset.reads or ()) - set(subject.config_class.model_fields))
    require(
        not unknown,
        f"Dataset {dataset.name!r} declares to read {', '.join(unknown)}, but {subject.config_class.__name__} has no such "
        "field.",
        "Most likely a name in `reads` is misspelt.",
    )


def description(subject: Subject) -> None:
    """The description of tokens and positions is consistent."""
    described = subject.description
    vocabulary, length, structure = described.vocab_size, described.seq_len, described.structure
    cause = f"Most likely {subject.spec.describe} counts the padding or the grid differently from the dataset."
    names = len(described.token_names)
    require(names in (0, vocabulary), f"There are {names} token names for a vocabulary of {vocabulary} tokens.", cause)
    require(
        0 <= described.pad_id < vocabulary,
        f"The padding token is {described.pad_id}, expected a token from 0 to {vocabulary - 1}.",
        cause,
    )
    require(
        structure.grid is None or structure.grid[0] * structure.grid[1] == length,
        f"The grid {structure.grid} does not have {length} positions.",
        cause,
    )
    for name, groups in structure.relations.items():
        require(
            len(groups) == length and min(groups) >= 0,
            f"The relation {name!r} groups {len(groups)} positions, but a puzzle has {length}.",
            "A relation has one group number, starting at 0, for every position.",
        )
    tokens = structure.interchangeable
    require(
        len(set(tokens)) == len(tokens) and all(0 <= token < vocabulary for token in tokens),
        f"The interchangeable tokens are {tokens}, expected different tokens from 0 to {vocabulary - 1}.",
        cause,
    )


def presets(subject: Subject) -> None:
    """Every preset consists of settings that exist and fit together."""
    spec = subject.spec
    names = [preset.name for preset in spec.presets]
    require(
        len(set(names)) == len(names),
        f"Two presets have the same name: {', '.join(names)}.",
        "Most likely one was copied and not renamed.",
    )
    for preset in spec.presets:
        _check_stages(spec, preset)
        try:
            Experiment.from_preset(spec.name, preset.name).expected_model()
        except TRMError as error:
            raise CheckFailure(
                f"Preset {preset.name!r} is invalid: {error}",
                "Most likely a setting is misspelt, or the model needs something that the task does not declare.",
            ) from error
        if preset.weights:
            _check_weights(preset.name, preset.weights)


def _check_stages(spec: TaskSpec, preset: PresetSpec) -> None:
    """Fail if a preset starts from one that does not exist, or from itself."""
    try:
        stages(spec, preset)
    except UsageError as error:
        raise CheckFailure(
            f"Preset {preset.name!r} is invalid: {error}", "Most likely a name in `starts_from` is misspelt."
        ) from error


def _check_weights(preset: str, reference: str) -> None:
    from importlib.resources import files

    package, _, path = reference.partition(":")
    try:
        found = files(package).joinpath(path).is_file()
    except ModuleNotFoundError:
        found = False
    require(
        found,
        f"Preset {preset!r} names the weights {reference!r}, which do not exist.",
        "Most likely the file is not part of the package. The form is 'package:path/inside/it.safetensors'.",
    )
