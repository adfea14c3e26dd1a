"""The model as a function of its inputs alone, with a fixed number of supervision steps: what can be exported."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from trm.errors import TRMError, UsageError
from trm.model import State, TinyRecursiveModel


class FixedSteps(nn.Module):
    """``(inputs [B, L][, puzzle_ids [B]]) -> (logits [B, L, V], halt_logits [B])`` after so many supervision steps.

    In evaluation a supervision step is T cycles and nothing else, so all steps together are one loop over cycles. The
    loops are kept as loops, or an export would hold hundreds of copies of the network.
    """

    def __init__(self, model: TinyRecursiveModel, steps: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).cpu().float().eval()
        self.cycles = steps * model.config.T_steps

    def forward(self, inputs: Tensor, puzzle_ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        model = self.model
        x = model.embedding(inputs, puzzle_ids)
        rotary = model.rotary(x)
        update_latent, update_answer = model.core.stacks

        def cycle(y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
            injection = y + x
            (z,) = repeat(model.config.n_recursions, lambda z: (update_latent(z, injection, rotary),), z)
            return update_answer(y, z, rotary), z

        start = model.initial_state(inputs.shape[0])
        y, z = repeat(self.cycles, cycle, start.answer, start.latent)
        output = model.read_out(State(y, z))
        return output.logits, output.halt_logits


def repeat(times: int, update: Callable[..., tuple[Tensor, ...]], *start: Tensor) -> tuple[Tensor, ...]:
    """Apply `update` so many times, as one loop of the exported graph."""
    from torch._higher_order_ops.while_loop import while_loop

    def unfinished(done: Tensor, *_: Tensor) -> Tensor:
        return done < times

    def once(done: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        # The loop wants outputs laid out as its inputs are, and none that is an input itself.
        return (done + 1, *(value.clone(memory_format=torch.contiguous_format) for value in update(*values)))

    carried = (torch.zeros((), dtype=torch.int64), *(value.contiguous() for value in start))
    result: tuple[Tensor, ...] = while_loop(unfinished, once, carried)
    return result[1:]


def example_inputs(model: TinyRecursiveModel, batch: int = 2) -> tuple[Tensor, ...]:
    """Arguments for `FixedSteps`, drawn at random: tokens, and puzzle ids where the model has vectors for them.

    Raises:
        UsageError: the model takes puzzles of any length.
    """
    config = model.config
    if not config.context_length:
        raise UsageError(
            "The model takes puzzles of any length, an export has a fixed one: import the checkpoint with --context-length."
        )
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(config.vocab_size, (batch, config.context_length), generator=generator)
    if not config.num_puzzles:
        return (tokens,)
    return tokens, torch.randint(config.num_puzzles, (batch,), generator=generator)


def trace(model: TinyRecursiveModel, steps: int) -> ExportedProgram:
    """The traced graph of `FixedSteps`, for any batch size.

    Raises:
        TRMError: this version of torch can't trace it.
    """
    arguments = example_inputs(model)
    shapes = tuple({0: Dim("batch")} for _ in arguments)
    with torch.no_grad():
        try:
            return torch.export.export(FixedSteps(model, steps), arguments, dynamic_shapes=shapes)
        except Exception as error:  # the tracer's own errors have no common class
            reason = str(error).strip().split("\n")[0][:200]
            raise TRMError(f"torch {torch.__version__} can't trace this model for export: {reason}.") from error


def write_in_place(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make its file, and any file beside it, in a temporary folder; then move all into place.

    Raises:
        TRMError: it can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            write(Path(folder) / target.name)
            for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == target.name):
                os.replace(file, target.parent / file.name)
    except OSError as error:
        raise TRMError(f"{target} can't be written: {error.strerror or error}.") from error
