"""A second implementation of TRM's and HRM's training steps, for making recordings to replay.

It is written as one reads the algorithm, function by function over a dictionary of weights, and shares no code with `trm`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

Weights = dict[str, Tensor]

ARCH: dict[str, Any] = {
    "batch_size": 4, "seq_len": 6, "vocab_size": 5, "num_puzzle_identifiers": 3, "puzzle_emb_ndim": 16,
    "puzzle_emb_len": 2, "H_cycles": 2, "L_cycles": 2, "H_layers": 0, "L_layers": 1, "hidden_size": 16, "expansion": 4,
    "num_heads": 2, "pos_encodings": "rope", "halt_max_steps": 3, "halt_exploration_prob": 0.0,
    "forward_dtype": "float32", "mlp_t": False, "no_ACT_continue": True,
}  # fmt: skip
TRAIN: dict[str, Any] = {
    "lr": 1e-3, "puzzle_emb_lr": 2e-3, "weight_decay": 0.1, "betas": [0.9, 0.95], "lr_warmup_steps": 3, "ema": 0.9,
    "loss": "stablemax_cross_entropy", "global_batch_size": 4, "steps": 6,
}  # fmt: skip
HRM: dict[str, Any] = {"H_layers": 1, "mlp_t": None, "puzzle_emb_len": None, "no_ACT_continue": None}
"""What makes an HRM of `ARCH`; None leaves a setting out."""


def is_hrm(arch: dict[str, Any]) -> bool:
    return "mlp_t" not in arch


def prefix(arch: dict[str, Any]) -> int:
    return arch.get("puzzle_emb_len") or math.ceil(arch["puzzle_emb_ndim"] / arch["hidden_size"])


def inner_width(dim: int, arch: dict[str, Any]) -> int:
    return math.ceil(round(arch["expansion"] * dim * 2 / 3) / 256) * 256


def initial_weights(arch: dict[str, Any], seed: int) -> Weights:
    """Random weights, output projections damped as in the published recordings."""
    generator = torch.Generator().manual_seed(seed)
    dim, tokens = arch["hidden_size"], arch["seq_len"] + prefix(arch)

    def random(*shape: int, std: float) -> Tensor:
        return std * torch.randn(shape, generator=generator)

    weights = {name: random(dim, std=1.0) for name in ("H_init", "L_init")}
    weights["embed_tokens.embedding_weight"] = random(arch["vocab_size"], dim, std=dim**-0.5)
    weights["lm_head.weight"] = random(arch["vocab_size"], dim, std=dim**-0.5)
    weights["q_head.weight"], weights["q_head.bias"] = random(2, dim, std=dim**-0.5), random(2, std=0.3)
    if arch["puzzle_emb_ndim"]:
        weights["puzzle_emb.weights"] = random(arch["num_puzzle_identifiers"], arch["puzzle_emb_ndim"], std=0.1)
    if arch["pos_encodings"] == "learned":
        weights["embed_pos.embedding_weight"] = random(tokens, dim, std=dim**-0.5)
    for stack in ("H", "L"):
        for layer in range(arch[f"{stack}_layers"]):
            start = f"{stack}_level.layers.{layer}."
            if arch.get("mlp_t"):
                inner = inner_width(tokens, arch)
                weights[start + "mlp_t.gate_up_proj.weight"] = random(2 * inner, tokens, std=tokens**-0.5)
                weights[start + "mlp_t.down_proj.weight"] = random(tokens, inner, std=0.3 * inner**-0.5)
            else:
                weights[start + "self_attn.qkv_proj.weight"] = random(3 * dim, dim, std=dim**-0.5)
                weights[start + "self_attn.o_proj.weight"] = random(dim, dim, std=0.3 * dim**-0.5)
            inner = inner_width(dim, arch)
            weights[start + "mlp.gate_up_proj.weight"] = random(2 * inner, dim, std=dim**-0.5)
            weights[start + "mlp.down_proj.weight"] = random(dim, inner, std=0.3 * inner**-0.5)
    return weights


def rms(x: Tensor) -> Tensor:
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + 1e-5)


def swiglu(x: Tensor, weights: Weights, name: str) -> Tensor:
    both = x @ weights[f"{name}.gate_up_proj.weight"].T
    gate, up = both[..., : both.shape[-1] // 2], both[..., both.shape[-1] // 2 :]
    return (gate * torch.sigmoid(gate) * up) @ weights[f"{name}.down_proj.weight"].T


def turned(x: Tensor) -> Tensor:
    """Rotary positions: x ``[B, tokens, heads, width]``."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[1])[:, None] / 10000 ** (torch.arange(half) / half)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def attention(x: Tensor, weights: Weights, name: str, arch: dict[str, Any]) -> Tensor:
    batch, tokens, dim = x.shape
    parts = (x @ weights[f"{name}.qkv_proj.weight"].T).view(batch, tokens, 3, arch["num_heads"], -1)
    query, key, value = parts.unbind(2)
    if arch["pos_encodings"] == "rope":
        query, key = turned(query), turned(key)
    scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / math.sqrt(query.shape[-1])
    heard = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), value)
    return heard.reshape(batch, tokens, dim) @ weights[f"{name}.o_proj.weight"].T


def stack(which: str, h: Tensor, injection: Tensor, weights: Weights, arch: dict[str, Any]) -> Tensor:
    h = h + injection
    for layer in range(arch[f"{which}_layers"]):
        name = f"{which}_level.layers.{layer}"
        if arch.get("mlp_t"):
            across = h.transpose(1, 2)
            h = rms(across + swiglu(across, weights, f"{name}.mlp_t")).transpose(1, 2)
        else:
            h = rms(h + attention(h, weights, f"{name}.self_attn", arch))
        h = rms(h + swiglu(h, weights, f"{name}.mlp"))
    return h


def embed(inputs: Tensor, rows: Tensor | None, weights: Weights, arch: dict[str, Any]) -> Tensor:
    x = weights["embed_tokens.embedding_weight"][inputs]
    if rows is not None:
        width = prefix(arch) * arch["hidden_size"]
        x = torch.cat([F.pad(rows, (0, width - rows.shape[1])).view(len(rows), -1, arch["hidden_size"]), x], dim=1)
    if arch["pos_encodings"] == "learned":
        x = (x + weights["embed_pos.embedding_weight"]) * math.sqrt(0.5)
    return x * math.sqrt(arch["hidden_size"])


def supervision_step(
    inputs: Tensor, rows: Tensor | None, y: Tensor, z: Tensor, weights: Weights, arch: dict[str, Any]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The next y and z, the logits and the two halting logits."""
    x = embed(inputs, rows, weights, arch)
    high = "H" if is_hrm(arch) else "L"
    calls = [call for _ in range(arch["H_cycles"]) for call in [*["z"] * arch["L_cycles"], "y"]]
    with_gradient = 2 if is_hrm(arch) else arch["L_cycles"] + 1
    for number, call in enumerate(calls):
        with torch.set_grad_enabled(torch.is_grad_enabled() and len(calls) - number <= with_gradient):
            if call == "z":
                z = stack("L", z, y + x, weights, arch)
            else:
                y = stack(high, y, z, weights, arch)
    logits = (y @ weights["lm_head.weight"].T)[:, prefix(arch) if rows is not None else 0 :]
    return y, z, logits, y[:, 0] @ weights["q_head.weight"].T + weights["q_head.bias"]


def token_loss(logits: Tensor, labels: Tensor, kind: str) -> Tensor:
    """The mean over the scored positions of each row."""
    if kind == "stablemax_cross_entropy":
        x = logits.double()
        scores = torch.where(x < 0, 1 / (1 - x.clamp(max=0)), x + 1)
        chances = (scores / scores.sum(-1, keepdim=True)).log()
    else:
        chances = logits.log_softmax(-1)
    scored = labels != -100
    chosen = chances.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    return -(chosen * scored).sum(-1) / scored.sum(-1).clamp(min=1)


@dataclass
class Recorder:
    """Trains random weights on random batches and notes what happens."""

    arch: dict[str, Any]
    train: dict[str, Any]
    seed: int
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed + 1)
        self.weights = initial_weights(self.arch, self.seed)
        self.table: Tensor | None = self.weights.pop("puzzle_emb.weights", None)
        self.trained = {name: value for name, value in self.weights.items() if not name.endswith("_init")}
        self.average = {name: value.clone() for name, value in self.trained.items()}
        self.moments = {
            name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in self.trained.items()
        }
        size, length = self.train["global_batch_size"], self.arch["seq_len"]
        self.inputs, self.labels = torch.zeros(2, size, length, dtype=torch.long)
        self.ids, self.steps = torch.zeros(2, size, dtype=torch.long)
        self.halted = torch.ones(size, dtype=torch.bool)
        tokens = length + (prefix(self.arch) if self.table is not None else 0)
        self.y, self.z = torch.zeros(2, size, tokens, self.arch["hidden_size"])

    def record(self) -> dict[str, Tensor]:
        self._note_state("init", self.weights, self.table)
        for step in range(1, self.train["steps"] + 1):
            self._offer(step)
            gradients, rows = self._loss(step)
            self._optimise(step, gradients, rows)
        self._note_state("final", self.weights, self.table)
        averaged = {**self.weights, **self.average}
        self._note_state("ema", averaged, self.table)
        self._evaluate(averaged)
        return {name: value.detach().clone().contiguous() for name, value in self.tensors.items()}

    def _note_state(self, name: str, weights: Weights, table: Tensor | None) -> None:
        everything = weights if table is None else {**weights, "puzzle_emb.weights": table}
        self.tensors |= {f"{name}.inner.{key}": value.clone() for key, value in everything.items()}

    def _random(self, top: int, *shape: int) -> Tensor:
        return torch.randint(top, shape, generator=self.generator)

    def _offer(self, step: int) -> None:
        size, length = self.inputs.shape
        inputs, ids = (
            self._random(self.arch["vocab_size"], size, length),
            self._random(self.arch["num_puzzle_identifiers"], size),
        )
        labels = torch.where(
            self._random(4, size, length) == 0, -100, self._random(self.arch["vocab_size"], size, length)
        )
        self._note(step, inputs=inputs.int(), labels=labels.int(), puzzle_ids=ids.int())
        fresh = self.halted[:, None]
        self.inputs, self.labels = torch.where(fresh, inputs, self.inputs), torch.where(fresh, labels, self.labels)
        self.ids, self.steps = torch.where(self.halted, ids, self.ids), torch.where(self.halted, 0, self.steps)
        self.y = torch.where(fresh[..., None], self.weights["H_init"], self.y)
        self.z = torch.where(fresh[..., None], self.weights["L_init"], self.z)

    def _note(self, step: int, **values: Tensor) -> None:
        self.tensors |= {f"step{step}.{name}": value for name, value in values.items()}

    def _loss(self, step: int) -> tuple[Weights, Tensor | None]:
        """One supervision step of all slots: the gradients of the weights, and of the puzzle vectors row by row."""
        leaves = {name: value.clone().requires_grad_() for name, value in self.trained.items()}
        weights = {**self.weights, **leaves}
        rows = None if self.table is None else self.table[self.ids].requires_grad_()
        y, z, logits, halting = supervision_step(self.inputs, rows, self.y, self.z, weights, self.arch)
        self.y, self.z = y.detach(), z.detach()
        self.steps = self.steps + 1
        last = self.steps >= self.arch["halt_max_steps"]
        wants = halting[:, 0] > (halting[:, 1] if is_hrm(self.arch) else 0)
        self.halted = last | wants
        right = ((logits.argmax(-1) == self.labels) | (self.labels == -100)).all(-1).float()
        lm = token_loss(logits, self.labels, self.train["loss"]).sum()
        halt = F.binary_cross_entropy(torch.sigmoid(halting[:, 0].double()), right.double(), reduction="sum")
        total = lm + 0.5 * halt
        if is_hrm(self.arch):
            value = self._value_ahead(last)
            continuing = F.binary_cross_entropy(torch.sigmoid(halting[:, 1].double()), value, reduction="sum")
            total = total + 0.5 * continuing
            self._note(step, continue_loss=continuing.float())
        (total / len(self.inputs)).backward()
        self._note(
            step, current_inputs=self.inputs.int(), steps=self.steps.int(), halted=self.halted, logits=logits,
            halt_logits=halting[:, 0], lm_loss=lm.double(), halt_loss=halt.float(), loss_sum=total.double(),
        )  # fmt: skip
        gradients = {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
        if step in (1, self.train["steps"]):
            self.tensors |= {f"step{step}.grad.inner.{name}": value for name, value in gradients.items()}
            if rows is not None and rows.grad is not None:
                self.tensors[f"step{step}.grad.puzzle_rows"] = rows.grad
        return gradients, None if rows is None else rows.grad

    @torch.no_grad()
    def _value_ahead(self, last: Tensor) -> Tensor:
        rows = None if self.table is None else self.table[self.ids]
        *_, ahead = supervision_step(self.inputs, rows, self.y, self.z, self.weights, self.arch)
        return torch.sigmoid(torch.where(last, ahead[:, 0], ahead.max(-1).values)).double()

    @torch.no_grad()
    def _optimise(self, step: int, gradients: Weights, rows: Tensor | None) -> None:
        train = self.train
        warmed = min(1.0, step / train["lr_warmup_steps"])
        if self.table is not None and rows is not None:
            rate = train["puzzle_emb_lr"] * warmed
            for puzzle in self.ids.unique():
                summed = rows[self.ids == puzzle].sum(0)
                self.table[puzzle] = self.table[puzzle] * (1 - rate * train["weight_decay"]) - rate * summed.sign()
        rate, (beta1, beta2) = train["lr"] * warmed, train["betas"]
        for name, weight in self.trained.items():
            first, second = self.moments[name]
            first.mul_(beta1).add_((1 - beta1) * gradients[name])
            second.mul_(beta2).add_((1 - beta2) * gradients[name] ** 2)
            weight.mul_(1 - rate * train["weight_decay"])
            direction = torch.atan2(first, second.sqrt() / math.sqrt(1 - beta2**step))
            weight.sub_(rate / (1 - beta1**step) * direction)
            self.average[name].mul_(train["ema"]).add_((1 - train["ema"]) * weight)

    @torch.no_grad()
    def _evaluate(self, weights: Weights) -> None:
        size, length = 3, self.arch["seq_len"]
        inputs, ids = (
            self._random(self.arch["vocab_size"], size, length),
            self._random(self.arch["num_puzzle_identifiers"], size),
        )
        rows = None if self.table is None else self.table[ids]
        y = weights["H_init"].expand(size, self.y.shape[1], -1)
        z = weights["L_init"].expand(size, self.y.shape[1], -1)
        for _ in range(self.arch["halt_max_steps"]):
            y, z, logits, halting = supervision_step(inputs, rows, y, z, weights, self.arch)
        self.tensors |= {
            "eval.inputs": inputs.int(), "eval.puzzle_ids": ids.int(), "eval.logits": logits, "eval.halt_logits": halting[:, 0]
        }  # fmt: skip


def make_recording(
    path: Path, seed: int = 0, arch: dict[str, Any] | None = None, train: dict[str, Any] | None = None
) -> Path:
    """Record six training steps of a random model; `arch` and `train` are changes to `ARCH` and `TRAIN`."""
    merged = {name: value for name, value in {**ARCH, **(arch or {})}.items() if value is not None}
    merged_train = {**TRAIN, "global_batch_size": merged["batch_size"], **(train or {})}
    tensors = Recorder(merged, merged_train, seed).record()
    save_file(tensors, path, {"config": json.dumps(merged), "train": json.dumps(merged_train)})
    return path
