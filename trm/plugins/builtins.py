"""The built-in parts, registered through the same hooks as a plugin's."""

from __future__ import annotations

from trm.hookspecs import hookimpl
from trm.specs import ANY_TASK, BackendSpec, MetricSpec, MixerSpec, RendererSpec


@hookimpl
def trm_register_backends() -> list[BackendSpec]:
    return [
        BackendSpec(name="cuda", summary="NVIDIA or AMD GPU", factory="trm.devices.cuda:CUDABackend", priority=30),
        BackendSpec(name="mps", summary="Apple GPU", factory="trm.devices.mps:MPSBackend", priority=20),
        BackendSpec(name="cpu", summary="CPU", factory="trm.devices.cpu:CPUBackend", priority=10),
    ]


@hookimpl
def trm_register_mixers() -> list[MixerSpec]:
    return [
        MixerSpec(
            name="attention",
            summary="multi-head self-attention over all positions (the paper's)",
            factory="trm.model.builtin_mixers:attention",
            check="trm.config.mixer_checks:check_attention",
            rotary=True,
            any_length=True,
            per_puzzle=True,
        ),
        MixerSpec(
            name="mlp",
            summary="an MLP over the positions (the paper's, for short puzzles of fixed length)",
            factory="trm.model.builtin_mixers:mlp",
            check="trm.config.mixer_checks:check_mlp",
            over_positions=True,
        ),
        MixerSpec(
            name="relational",
            summary="means over the task's relations, and neighbours on its grid",
            factory="trm.model.builtin_mixers:relational",
            check="trm.config.mixer_checks:check_relational",
            structured=True,
            resizable=True,
            per_symbol=True,
            mean_halting=True,
            per_puzzle=True,
        ),
        MixerSpec(
            name="grid",
            summary="attention over a grid, given only row and column numbers",
            factory="trm.model.builtin_mixers:grid",
            options="trm.model.grid:GridOptions",
            structured=True,
            check="trm.config.mixer_checks:check_grid",
            per_symbol=True,
            mean_halting=True,
        ),
    ]


@hookimpl
def trm_register_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(
            name="cell_accuracy",
            task=ANY_TASK,
            summary="share of scored positions that are correct",
            factory="trm.evaluation.metrics:CellAccuracy",
        ),
        MetricSpec(
            name="exact_accuracy",
            task=ANY_TASK,
            summary="share of puzzles with every scored position correct",
            factory="trm.evaluation.metrics:ExactAccuracy",
        ),
    ]


@hookimpl
def trm_register_renderers() -> list[RendererSpec]:
    return [
        RendererSpec(
            name="tokens",
            task=ANY_TASK,
            summary="token names, row by row",
            factory="trm.render.tokens:TokenRenderer",
        )
    ]
