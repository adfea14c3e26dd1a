"""The optimizers: Adam-atan2, AdamW, Muon for the network, sign-SGD for the puzzle vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from trm.config import TrainingConfig
from trm.errors import UsageError
from trm.model import TinyRecursiveModel

# Quintic Newton-Schulz coefficients of Muon (Keller Jordan, 2024): they push every singular value towards 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class AdamAtan2(Optimizer):
    """Adam with ``atan2`` in place of the division, so it needs no epsilon (arXiv:2407.05872), as the paper's code uses it.

    ``p *= 1 - lr * weight_decay`` first; then ``p -= lr / (1 - b1^t) * atan2(m, sqrt(v) / sqrt(1 - b2^t))``. The operations
    are in the order that gives the recordings' weights to the last bit; the recursion amplifies any other rounding.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = torch.zeros(())
                    state["exp_avg"] = torch.zeros_like(parameter)
                    state["exp_avg_sq"] = torch.zeros_like(parameter)
                state["step"] += 1
                step = state["step"].item()
                first = state["exp_avg"].lerp_(parameter.grad, 1 - beta1)
                second = state["exp_avg_sq"].lerp_(parameter.grad * parameter.grad, 1 - beta2)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                update = torch.atan2(first, second.sqrt() / (1 - beta2**step) ** 0.5)
                parameter.sub_(group["lr"] / (1 - beta1**step) * update)


class SignSGD(Optimizer):
    """Sign-SGD for puzzle vectors: sums the gradients of each id, and updates by their sign.

    Only the rows of ids in the batch decay and change. Set `model.embedding.puzzles.sparse_gradient` before the first
    backward pass, since only a sparse gradient tells which rows these are.

    Raises:
        UsageError: a gradient is dense (in `step`).
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-2, weight_decay: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if not parameter.grad.is_sparse:
                    raise UsageError(
                        "SignSGD needs sparse gradients, which tell the puzzle ids of the batch: set "
                        "model.embedding.puzzles.sparse_gradient = True, or use a dense optimizer such as AdamW."
                    )
                gradient = parameter.grad.coalesce()  # sums the rows of one id
                ids = gradient.indices()[0]
                rows = parameter[ids] * (1 - group["lr"] * group["weight_decay"])
                parameter[ids] = rows - group["lr"] * gradient.values().sign()


class Muon(Optimizer):
    """Momentum orthogonalised by Newton-Schulz, for matrices (Keller Jordan, 2024).

    In the parameter's own precision: torch's Muon drops to bf16, which a CPU without bf16 units computes a hundred
    times slower. Stacked matrices ``[..., rows, columns]`` are orthogonalised each for itself.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                velocity = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                update = orthogonalise(parameter.grad.lerp(velocity, group["momentum"]))  # Nesterov
                rows, columns = parameter.shape[-2:]
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


def orthogonalise(matrix: Tensor, iterations: int = 5) -> Tensor:
    """An approximation of ``U V^T`` for ``matrix = U S V^T``, ``[..., rows, columns]``."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def build_optimizers(model: TinyRecursiveModel, config: TrainingConfig) -> list[Optimizer]:
    """The optimizers of a model in the order in which they step: puzzle vectors first, then the network.

    Each parameter group keeps its peak rate as `peak_lr`, which the schedule scales.
    """
    optimizers: list[Optimizer] = []
    puzzles = model.embedding.puzzles
    if puzzles is not None:
        puzzles.sparse_gradient = True
        optimizers.append(
            SignSGD([puzzles.weight], lr=config.puzzle_learning_rate, weight_decay=config.puzzle_weight_decay)
        )
    optimizers.extend(_network_optimizers(model, config))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def _network_optimizers(model: TinyRecursiveModel, config: TrainingConfig) -> list[Optimizer]:
    adam: dict[str, Any] = {"lr": config.learning_rate, "betas": config.betas, "weight_decay": config.weight_decay}
    if config.optimizer == "adam_atan2":
        return [AdamAtan2(model.network_parameters(), **adam)]
    if config.optimizer == "adamw":
        return [AdamW(list(model.network_parameters()), **adam)]
    matrices = [parameter for parameter in model.core.parameters() if parameter.dim() >= 2]
    chosen = {id(parameter) for parameter in matrices}
    rest = [parameter for parameter in model.network_parameters() if id(parameter) not in chosen]
    return [AdamW(rest, **adam), Muon(matrices, lr=config.muon_learning_rate, weight_decay=config.weight_decay)]
