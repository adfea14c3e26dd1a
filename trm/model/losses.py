"""The loss of one supervision step: cross-entropy of the answer plus a share of that of the halting logit."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100
"""Label of a position that is not scored."""


@functools.lru_cache
def exact_dtype(device: torch.device) -> torch.dtype:
    """The widest float of a device: float64, or float32 if the device has no float64, as Apple's GPUs."""
    try:
        torch.empty(0, dtype=torch.float64, device=device)
    except (TypeError, RuntimeError):
        return torch.float32
    return torch.float64


def log_stablemax(logits: Tensor) -> Tensor:
    """Log of ``s(x) / sum s(x)`` with ``s(x) = x + 1`` for x >= 0, else ``1 / (1 - x)`` (arXiv:2501.04697)."""
    logits = logits.to(exact_dtype(logits.device))
    scores = torch.where(logits < 0, 1 / (1 - logits.clamp(max=0) + 1e-30), logits + 1)
    return torch.log(scores / scores.sum(-1, keepdim=True))


def token_losses(logits: Tensor, labels: Tensor, kind: str) -> Tensor:
    """Cross-entropy of every position, ``[B, L]``, 0 where it is not scored. logits ``[B, L, V]``, labels ``[B, L]``."""
    if kind == "softmax":
        flat = F.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
        return flat.view_as(labels)
    scored = labels != IGNORED
    chosen = log_stablemax(logits).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return torch.where(scored, -chosen, 0)


@dataclass
class StepLoss:
    """Sums over the rows of a batch; divide by the global batch size for the gradient."""

    total: Tensor
    tokens: Tensor
    halting: Tensor
    continuing: Tensor | None
    correct: Tensor  # [B] bool: every scored position right


def step_loss(
    logits: Tensor,
    halt_logits: Tensor,
    labels: Tensor,
    kind: str = "stablemax",
    continuation: Tensor | None = None,
    continue_logits: Tensor | None = None,
    halt_weight: float = 0.5,
) -> StepLoss:
    """Loss of one supervision step.

    A row without a scored position counts as right in the halting loss, as in the paper's code.

    Args:
        logits: ``[B, L, V]``.
        halt_logits: ``[B]``.
        labels: ``[B, L]``, -100 where a position is not scored.
        kind: "stablemax" or "softmax".
        continuation: HRM only: the target of the second halting logit, ``[B]`` in 0..1.
        continue_logits: HRM only: the second halting logit, ``[B]``.
        halt_weight: share of the halting logits' loss.
    """
    scored = labels != IGNORED
    per_row = scored.sum(-1).clamp(min=1)
    tokens = (token_losses(logits, labels, kind) / per_row.unsqueeze(-1)).sum()
    correct = ((logits.argmax(-1) == labels) | ~scored).all(-1)
    halting = F.binary_cross_entropy_with_logits(halt_logits, correct.to(halt_logits.dtype), reduction="sum")
    continuing, auxiliary = None, halting
    if continuation is not None and continue_logits is not None:
        continuing = F.binary_cross_entropy_with_logits(continue_logits, continuation, reduction="sum")
        auxiliary = halting + continuing
    total = tokens + halt_weight * auxiliary
    return StepLoss(total, tokens, halting, continuing, correct)
