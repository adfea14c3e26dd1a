"""One plugin for each way to break the contract. `ALL` has them by name.

The good parts are in `good_task`, the broken ones in `broken_functions`, `broken_classes` and `broken_mixers`.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, MixerSpec, PresetSpec, RendererSpec, TaskSpec

GOOD = "tests.support.good_task:"
FUNCTION = "tests.support.broken_functions:"
CLASS = "tests.support.broken_classes:"
MIXER = "tests.support.broken_mixers:"
MODEL = {
    "mixing": "relational",
    "hidden_dim": 32,
    "mlp_multiple_of": 32,
    "n_recursions": 2,
    "T_steps": 2,
    "n_supervision": 2,
}
TRAINING = {"batch_size": 16, "max_steps": 200, "learning_rate": 3e-3}
PRESET = PresetSpec(name="only", summary="a minute", model=MODEL, training=TRAINING)


class Plugin:
    """A plugin: the good task, with the differences that break it."""

    def __init__(self, name: str, task: dict[str, Any], parts: dict[str, str], mixer: dict[str, Any]) -> None:
        self.name, self.parts, self.mixer = name, parts, mixer
        spec = TaskSpec(
            name=name,
            summary="read a row backwards",
            config=GOOD + "Config",
            describe=GOOD + "describe",
            dataset="random",
            augmentation="renaming",
            metrics=("reversed",),
            renderer="row",
            presets=(PRESET,),
            parse=GOOD + "read",
            format=GOOD + "write",
            check=GOOD + "check",
            solvable=GOOD + "solvable",
            symmetry_class=GOOD + "classes",
        )
        self.spec = replace(spec, **task)

    def _part(self, kind: str, default: str) -> str:
        return self.parts.get(kind, GOOD + default)

    @hookimpl
    def trm_register_tasks(self) -> list[TaskSpec]:
        return [self.spec]

    @hookimpl
    def trm_register_datasets(self) -> list[DatasetSpec]:
        return [DatasetSpec(name="random", task=self.spec.name, summary="-", build=self._part("dataset", "build"))]

    @hookimpl
    def trm_register_augmentations(self) -> list[AugmentationSpec]:
        if not self.spec.augmentation:
            return []
        factory = self._part("augmentation", "Renaming")
        return [AugmentationSpec(name="renaming", task=self.spec.name, summary="-", factory=factory)]

    @hookimpl
    def trm_register_metrics(self) -> list[MetricSpec]:
        factory = self._part("metric", "Reversed")
        names = self.spec.metrics
        return [MetricSpec(name=name, task=self.spec.name, summary="-", factory=factory) for name in names]

    @hookimpl
    def trm_register_renderers(self) -> list[RendererSpec]:
        if not self.spec.renderer:
            return []
        return [RendererSpec(name="row", task=self.spec.name, summary="-", factory=self._part("renderer", "Row"))]

    @hookimpl
    def trm_register_mixers(self) -> list[MixerSpec]:
        return [MixerSpec(name=self.name, summary="-", **self.mixer)] if self.mixer else []


def _preset(**changes: Any) -> dict[str, Any]:
    return {"presets": (replace(PRESET, **changes),)}


_OWN: dict[str, Any] = {
    "augmentation": None,
    "metrics": (),
    "renderer": None,
    "parse": None,
    "check": None,
    "solvable": None,
    "symmetry_class": None,
}
"""Differences of a task whose puzzles have a structure of their own, which the good task's parts cannot read."""

_VARIANTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "good": ({}, {}),
    "bare": (
        {"augmentation": None, "metrics": (), "renderer": None, "parse": None, "check": None, "symmetry_class": None},
        {},
    ),
    "bad-name": ({"summary": ""}, {}),
    "missing-part": ({"augmentation": "mirroring"}, {}),
    "missing-attribute": ({"parse": FUNCTION + "gone"}, {}),
    "uncallable": ({"check": GOOD + "SYMBOLS"}, {}),
    "no-default": ({"config": FUNCTION + "NoDefault"}, {}),
    "tolerant": ({"config": FUNCTION + "Tolerant"}, {}),
    "undescribed-field": ({"config": FUNCTION + "Undescribed"}, {}),
    "shrinking": ({"config": FUNCTION + "Shrinking"}, {}),
    "token-names": ({"describe": FUNCTION + "describe_names"}, {}),
    "pad": ({"describe": FUNCTION + "describe_pad"}, {}),
    "grid": ({"describe": FUNCTION + "describe_grid"}, {}),
    "unused-type": (_OWN | {"describe": FUNCTION + "describe_types"}, {"dataset": FUNCTION + "build_types"}),
    "much-room": (_OWN | {"describe": FUNCTION + "describe_room"}, {"dataset": FUNCTION + "build_room"}),
    "fixed": ({"describe": FUNCTION + "describe_fixed"}, {"dataset": FUNCTION + "build_fixed"}),
    "all-fixed": ({"describe": FUNCTION + "describe_all_fixed"}, {"dataset": FUNCTION + "build_all_fixed"}),
    "relation": ({"describe": FUNCTION + "describe_relation"}, {}),
    "interchangeable": ({"describe": FUNCTION + "describe_interchangeable"}, {}),
    "preset-names": ({"presets": (PRESET, PRESET)}, {}),
    "preset-start": (_preset(starts_from="first"), {}),
    "preset-circle": (_preset(starts_from="only"), {}),
    "unknown-read": (
        {"datasets": (DatasetSpec(name="more", summary="-", build=GOOD + "build", reads=("puzles",)),)},
        {},
    ),
    "preset-setting": (_preset(model={**MODEL, "hiden_dim": 3}), {}),
    "preset-weights": (_preset(weights="trm:weights/none.safetensors"), {}),
    "bare-arrays": ({}, {"dataset": FUNCTION + "build_arrays"}),
    "empty": ({}, {"dataset": FUNCTION + "build_empty"}),
    "floats": ({}, {"dataset": FUNCTION + "build_floats"}),
    "two-descriptions": ({}, {"dataset": FUNCTION + "build_undescribed"}),
    "outside": ({}, {"dataset": FUNCTION + "build_outside"}),
    "unscored": ({}, {"dataset": FUNCTION + "build_unscored"}),
    "ids": ({}, {"dataset": FUNCTION + "build_ids"}),
    "unseeded": ({}, {"dataset": FUNCTION + "build_unseeded"}),
    "one-seed": ({}, {"dataset": FUNCTION + "build_one_seed"}),
    "shifted-seed": ({}, {"dataset": FUNCTION + "build_shifted"}),
    "same-splits": ({}, {"dataset": FUNCTION + "build_same_splits"}),
    "renamed-splits": ({}, {"dataset": FUNCTION + "build_renamed_splits"}),
    "renamed-tokens": ({"symmetry_class": None}, {"dataset": FUNCTION + "build_renamed_splits"}),
    "drawn-images": (
        {"symmetry_class": None, "describe": FUNCTION + "describe_without_renaming"},
        {"dataset": FUNCTION + "build_without_renaming"},
    ),
    "same-answers": (
        {"symmetry_class": None, "check": None, "solvable": None, "describe": FUNCTION + "describe_blank"},
        {
            "dataset": FUNCTION + "build_same_answers",
            "augmentation": CLASS + "RenamingLetters",
            "metric": CLASS + "Exact",
        },
    ),
    "class-pairs": ({"symmetry_class": FUNCTION + "classes_in_pairs"}, {}),
    "wrong-class": ({"symmetry_class": FUNCTION + "classes_of_rows"}, {}),
    "blind": ({}, {"dataset": FUNCTION + "build_blind"}),
    "in-place": ({}, {"augmentation": CLASS + "InPlace"}),
    "cropping": ({}, {"augmentation": CLASS + "Cropping"}),
    "identity": ({}, {"augmentation": CLASS + "Identity"}),
    "own-generator": ({}, {"augmentation": CLASS + "OwnGenerator"}),
    "twice-forward": ({}, {"augmentation": CLASS + "TwiceForward"}),
    "rolling": ({}, {"augmentation": CLASS + "Rolling"}),
    "unscoring": ({}, {"augmentation": CLASS + "Unscoring"}),
    "never-perfect": ({}, {"metric": CLASS + "Forgetful"}),
    "lenient": ({}, {"metric": CLASS + "Lenient"}),
    "averaging": ({}, {"metric": CLASS + "Averaging"}),
    "draining": ({}, {"metric": CLASS + "Draining"}),
    "remembering": ({}, {"metric": CLASS + "Remembering"}),
    "wide": ({}, {"renderer": CLASS + "Wide"}),
    "blank": ({}, {"renderer": CLASS + "Blank"}),
    "scribbling": ({}, {"renderer": CLASS + "Scribbling"}),
    "counting": ({}, {"renderer": CLASS + "Counting"}),
    "colour-only": ({}, {"renderer": CLASS + "ColourOnly"}),
    "raising-build": ({}, {"dataset": FUNCTION + "raises"}),
    "raising-deep": ({}, {"dataset": FUNCTION + "raises_deep_inside"}),
    "raising-describe": ({"describe": FUNCTION + "raises"}, {}),
    "raising-check": ({"check": FUNCTION + "raises"}, {}),
    "raising-parse": ({"parse": FUNCTION + "raises"}, {}),
    "raising-format": ({"format": FUNCTION + "raises"}, {}),
    "raising-solvable": ({"solvable": FUNCTION + "raises"}, {}),
    "raising-class": ({"symmetry_class": FUNCTION + "raises"}, {}),
    "raising-augmentation": ({}, {"augmentation": CLASS + "RaisingAugmentation"}),
    "raising-metric": ({}, {"metric": CLASS + "RaisingMetric"}),
    "describe-nothing": ({"describe": FUNCTION + "describe_nothing"}, {}),
    "missing-fit": ({"fit": FUNCTION + "gone"}, {}),
    "missing-evaluate": ({"evaluate": "tests.support.gone:evaluate"}, {}),
    "missing-solve": ({"solve": "no colon"}, {}),
    "described": ({}, {"renderer": CLASS + "Described"}),
    "board-size": ({"board": FUNCTION + "board_of_four_tokens"}, {}),
    "board-nothing": ({"board": FUNCTION + "describe_nothing"}, {}),
    "board-numpy": ({"board": FUNCTION + "board_of_numpy_numbers"}, {}),
    "board-rules": ({"board": FUNCTION + "board_with_a_wrong_rule"}, {}),
    "crashing": ({}, {"renderer": CLASS + "Crashing"}),
    "read-shifted": ({"parse": FUNCTION + "read_shifted"}, {}),
    "read-carelessly": ({"parse": FUNCTION + "read_carelessly"}, {}),
    "read-doubled": ({"parse": FUNCTION + "read_doubled"}, {}),
    "read-anything": ({"parse": FUNCTION + "read_anything"}, {}),
    "check-nothing": ({"check": FUNCTION + "check_nothing"}, {}),
    "check-forward": ({"check": FUNCTION + "check_forward"}, {}),
    "solvable-never": ({"solvable": FUNCTION + "solvable_never"}, {}),
    "unpicklable": ({}, {"augmentation": CLASS + "Unpicklable"}),
    "exploding": (_preset(training={**TRAINING, "learning_rate": 50.0, "grad_clip": None}), {}),
    "slow": (_preset(training={**TRAINING, "learning_rate": 1e-6}), {}),
    "declared": (
        {"expected_failures": {"answer_rules": "any answer is right here"}, "check": FUNCTION + "check_nothing"},
        {},
    ),
    "declared-in-vain": ({"expected_failures": {"answer_rules": "any answer is right here"}}, {}),
    "declared-nonsense": ({"expected_failures": {"answer_rule": "misspelt"}}, {}),
    # These two are registered by modules of their own.
    "heavy": ({}, {}),
    "fragile": ({}, {}),
}
_MIXERS: dict[str, dict[str, Any]] = {
    "mixer": {"factory": MIXER + "Mean", "options": MIXER + "Options", "any_length": True, "resizable": True},
    "linked": {"factory": MIXER + "Linked", "per_puzzle": True},
    "mixer-padded": {"factory": MIXER + "Padded", "per_puzzle": True},
    "mixer-ordered": {"factory": MIXER + "Ordered", "per_puzzle": True},
    "mixer-linkless": {"factory": MIXER + "Linkless", "per_puzzle": True},
    "mixer-missing": {"factory": MIXER + "gone"},
    "mixer-nothing": {"factory": MIXER + "nothing"},
    "mixer-tolerant": {"factory": MIXER + "Mean", "options": MIXER + "Tolerant"},
    "mixer-undescribed": {"factory": MIXER + "Mean", "options": MIXER + "Undescribed"},
    "mixer-required": {"factory": MIXER + "Mean", "options": MIXER + "Required"},
    "mixer-function": {"factory": MIXER + "Mean", "options": MIXER + "nothing"},
    "mixer-gone": {"factory": MIXER + "Mean", "options": MIXER + "Gone"},
    "mixer-raising": {"factory": MIXER + "Raising"},
    "mixer-pooling": {"factory": MIXER + "Pooling"},
    "mixer-infinite": {"factory": MIXER + "Infinite"},
    "mixer-unused": {"factory": MIXER + "Unused"},
    "mixer-noisy": {"factory": MIXER + "Noisy"},
    "mixer-by-symbol": {"factory": MIXER + "BySymbol", "per_symbol": True},
    "mixer-sized": {"factory": MIXER + "Sized", "resizable": True},
    "mixer-fixed-length": {"factory": MIXER + "FixedLength", "any_length": True},
}
_PLUGINS = {name: Plugin(name, *changes, {}) for name, changes in _VARIANTS.items()}
_PLUGINS |= {name: Plugin(name, {}, {}, mixer) for name, mixer in _MIXERS.items()}
ALL = SimpleNamespace(**{name.replace("-", "_"): plugin for name, plugin in _PLUGINS.items()})
