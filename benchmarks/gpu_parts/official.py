"""The paper's own code beside ours: a training step of the same model, at the same batch size."""

from __future__ import annotations

import functools
import importlib
import statistics
import sys
from collections.abc import Callable
from typing import Any

import throughput
import torch

from gpu_parts.part import Settings, Skipped, Work
from trm.devices import get_backend
from trm.experiment.experiment import Experiment
from trm.interop.official.architecture import from_config
from trm.training.optimizers import AdamAtan2

DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
ROUNDS = 3


def compare(work: Work, preset: str, compile: bool) -> str:
    """Our rate relative to the paper's code, both eager or both compiled as a whole: forward, backward and update.

    The paper's code trains with the optimizer package `adam_atan2`, which need not be here. Its weights are updated by our
    `AdamAtan2`, which computes the same, and its puzzle vectors by its own optimizer.
    """
    settings = work.settings
    if settings.official is None:
        raise Skipped("give a checkout of the paper's code with --official FOLDER")
    if not (settings.official / "models").is_dir():
        raise Skipped(f"{settings.official} has no folder models")
    sys.path.insert(0, str(settings.official))
    task, _, name = preset.partition(":")
    for precision in DTYPES:
        torch._dynamo.reset()
        backend = get_backend(settings.device)
        with backend.autocast(precision):
            ours = throughput.case(task, name, float("inf"), settings.device, rows=settings.rows or 192)
        theirs = _their_step(settings, preset, precision, ours.batch_size, compile)
        if compile:
            ours.model.compile()
        rates: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            with backend.autocast(precision):
                ours.step()
                rates["ours"].append(throughput.rate(ours.step, settings.seconds / ROUNDS, settings.wait))
            theirs()
            rates["theirs"].append(throughput.rate(theirs, settings.seconds / ROUNDS, settings.wait))
        ratios = [one / other for one, other in zip(rates["ours"], rates["theirs"], strict=True)]
        work.add(
            {
                "preset": preset,
                "way": f"beside the paper's code, {'compiled' if compile else 'eager'}",
                "precision": precision,
                "batch": ours.batch_size,
                "examples_per_second": statistics.median(rates["ours"]) * ours.batch_size,
                "their_examples_per_second": statistics.median(rates["theirs"]) * ours.batch_size,
                "ratio": statistics.median(ratios),
                "ratio_range": [min(ratios), max(ratios)],
            }
        )
    return f"{preset} relative to the paper's code"


def _their_step(settings: Settings, preset: str, precision: str, rows: int, compile: bool) -> Callable[[], None]:
    """A training step of the paper's model and loss head on random tokens."""
    models, losses, sparse = (
        importlib.import_module(f"models.{name}") for name in ("recursive_reasoning.trm", "losses", "sparse_embedding")
    )
    task, _, name = preset.partition(":")
    config = throughput.model_config(Experiment.from_preset(task, name))
    arch = from_config(config) | {"forward_dtype": DTYPES[precision], "halt_exploration_prob": 0.1}
    loss = arch.pop("loss")["loss_type"]
    sizes = {
        "batch_size": rows,
        "seq_len": config.context_length,
        "vocab_size": config.vocab_size,
        "num_puzzle_identifiers": max(config.num_puzzles, 1),
    }
    arch.pop("name")
    with torch.device(settings.device):
        inner = models.TinyRecursiveReasoningModel_ACTV1({**arch, **sizes})
        model = losses.ACTLossHead(inner, loss)
        inputs, labels = torch.randint(1, config.vocab_size, (2, rows, config.context_length))
        ids = torch.zeros(rows, dtype=torch.long)
        batch = {"inputs": inputs.int(), "labels": labels.int(), "puzzle_identifiers": ids.int()}
        carry = model.initial_carry(batch)
    model.train()
    optimizers = [AdamAtan2(model.parameters(), lr=1e-4, weight_decay=1.0)]
    if config.num_puzzles:
        optimizers.append(
            sparse.CastedSparseEmbeddingSignSGD_Distributed(
                inner.puzzle_emb.buffers(), lr=1e-4, weight_decay=1.0, world_size=1
            )
        )
    call = torch.compile(model) if compile else model
    return functools.partial(_take, _Carried(carry), call, batch, optimizers)


class _Carried:
    """The state that one step leaves for the next.

    Args:
        carry: what the paper's model returns and takes.
    """

    def __init__(self, carry: Any) -> None:
        self.carry = carry


def _take(carried: _Carried, model: Any, batch: dict[str, torch.Tensor], optimizers: list[Any]) -> None:
    carried.carry, loss, *_ = model(carry=carried.carry, batch=batch, return_keys=[])
    (loss / len(batch["inputs"])).backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
