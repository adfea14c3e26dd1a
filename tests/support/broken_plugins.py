"""One plugin for each way to break the contract; their parts are in `broken_parts`. `ALL` has them by name."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

HERE = "tests.support.broken_parts"
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

    def __init__(self, name: str, task: dict[str, Any], parts: dict[str, str]) -> None:
        self.name, self.parts = name, parts
        spec = TaskSpec(
            name=name,
            summary="read a row backwards",
            config=f"{HERE}:Config",
            describe=f"{HERE}:describe",
            dataset="random",
            augmentation="renaming",
            metrics=("reversed",),
            renderer="row",
            presets=(PRESET,),
            parse=f"{HERE}:read",
            format=f"{HERE}:write",
            check=f"{HERE}:check",
            solvable=f"{HERE}:solvable",
            symmetry_class=f"{HERE}:classes",
        )
        self.spec = replace(spec, **task)

    def _part(self, kind: str, default: str) -> str:
        return f"{HERE}:{self.parts.get(kind, default)}"

    @hookimpl
    def trm_register_tasks(self) -> list[TaskSpec]:
        return [self.spec]

    @hookimpl
    def trm_register_datasets(self) -> list[DatasetSpec]:
        return [DatasetSpec(name="random", task=self.spec.name, summary="-", build=self._part("dataset", "build"))]

    @hookimpl
    def trm_register_augmentations(self) -> list[AugmentationSpec]:
        factory = self._part("augmentation", "Renaming")
        return [AugmentationSpec(name="renaming", task=self.spec.name, summary="-", factory=factory)]

    @hookimpl
    def trm_register_metrics(self) -> list[MetricSpec]:
        return [MetricSpec(name="reversed", task=self.spec.name, summary="-", factory=self._part("metric", "Reversed"))]

    @hookimpl
    def trm_register_renderers(self) -> list[RendererSpec]:
        return [RendererSpec(name="row", task=self.spec.name, summary="-", factory=self._part("renderer", "Row"))]


def _preset(**changes: Any) -> dict[str, Any]:
    return {"presets": (replace(PRESET, **changes),)}


_VARIANTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "good": ({}, {}),
    "bad-name": ({"summary": ""}, {}),
    "missing-part": ({"augmentation": "mirroring"}, {}),
    "missing-attribute": ({"parse": f"{HERE}:gone"}, {}),
    "uncallable": ({"check": f"{HERE}:SYMBOLS"}, {}),
    "no-default": ({"config": f"{HERE}:NoDefault"}, {}),
    "tolerant": ({"config": f"{HERE}:Tolerant"}, {}),
    "undescribed-field": ({"config": f"{HERE}:Undescribed"}, {}),
    "shrinking": ({"config": f"{HERE}:Shrinking"}, {}),
    "token-names": ({"describe": f"{HERE}:describe_names"}, {}),
    "pad": ({"describe": f"{HERE}:describe_pad"}, {}),
    "grid": ({"describe": f"{HERE}:describe_grid"}, {}),
    "relation": ({"describe": f"{HERE}:describe_relation"}, {}),
    "interchangeable": ({"describe": f"{HERE}:describe_interchangeable"}, {}),
    "preset-names": ({"presets": (PRESET, PRESET)}, {}),
    "preset-setting": (_preset(model={**MODEL, "hiden_dim": 3}), {}),
    "preset-weights": (_preset(weights="trm:weights/none.safetensors"), {}),
    "bare-arrays": ({}, {"dataset": "build_arrays"}),
    "empty": ({}, {"dataset": "build_empty"}),
    "floats": ({}, {"dataset": "build_floats"}),
    "two-descriptions": ({}, {"dataset": "build_undescribed"}),
    "outside": ({}, {"dataset": "build_outside"}),
    "unscored": ({}, {"dataset": "build_unscored"}),
    "ids": ({}, {"dataset": "build_ids"}),
    "unseeded": ({}, {"dataset": "build_unseeded"}),
    "one-seed": ({}, {"dataset": "build_one_seed"}),
    "shifted-seed": ({}, {"dataset": "build_shifted"}),
    "same-splits": ({}, {"dataset": "build_same_splits"}),
    "renamed-splits": ({}, {"dataset": "build_renamed_splits"}),
    "drawn-images": ({"symmetry_class": None}, {"dataset": "build_renamed_splits"}),
    "wrong-class": ({"symmetry_class": f"{HERE}:classes_of_rows"}, {}),
    "blind": ({}, {"dataset": "build_blind"}),
    "in-place": ({}, {"augmentation": "InPlace"}),
    "cropping": ({}, {"augmentation": "Cropping"}),
    "identity": ({}, {"augmentation": "Identity"}),
    "own-generator": ({}, {"augmentation": "OwnGenerator"}),
    "twice-forward": ({}, {"augmentation": "TwiceForward"}),
    "inputs-only": ({}, {"augmentation": "InputsOnly"}),
    "unscoring": ({}, {"augmentation": "Unscoring"}),
    "never-perfect": ({}, {"metric": "Forgetful"}),
    "lenient": ({}, {"metric": "Lenient"}),
    "averaging": ({}, {"metric": "Averaging"}),
    "draining": ({}, {"metric": "Draining"}),
    "remembering": ({}, {"metric": "Remembering"}),
    "wide": ({}, {"renderer": "Wide"}),
    "blank": ({}, {"renderer": "Blank"}),
    "scribbling": ({}, {"renderer": "Scribbling"}),
    "counting": ({}, {"renderer": "Counting"}),
    "colour-only": ({}, {"renderer": "ColourOnly"}),
    "crashing": ({}, {"renderer": "Crashing"}),
    "read-shifted": ({"parse": f"{HERE}:read_shifted"}, {}),
    "read-carelessly": ({"parse": f"{HERE}:read_carelessly"}, {}),
    "read-anything": ({"parse": f"{HERE}:read_anything"}, {}),
    "check-nothing": ({"check": f"{HERE}:check_nothing"}, {}),
    "check-forward": ({"check": f"{HERE}:check_forward"}, {}),
    "solvable-never": ({"solvable": f"{HERE}:solvable_never"}, {}),
    "unpicklable": ({}, {"augmentation": "Unpicklable"}),
    "exploding": (_preset(training={**TRAINING, "learning_rate": 50.0, "grad_clip": None}), {}),
    "slow": (_preset(training={**TRAINING, "learning_rate": 1e-6}), {}),
    "declared": (
        {"expected_failures": {"answer_rules": "any answer is right here"}, "check": f"{HERE}:check_nothing"},
        {},
    ),
    "declared-in-vain": ({"expected_failures": {"answer_rules": "any answer is right here"}}, {}),
    "declared-nonsense": ({"expected_failures": {"answer_rule": "misspelt"}}, {}),
    # These two are registered by modules of their own.
    "heavy": ({}, {}),
    "fragile": ({}, {}),
}
ALL = SimpleNamespace(**{name.replace("-", "_"): Plugin(name, *changes) for name, changes in _VARIANTS.items()})
