"""The model as an exportable function with a fixed number of supervision steps."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from trm.config.columns import Columns
from trm.errors import TRMError, UsageError, cannot_write
from trm.model import State, TinyRecursiveModel
from trm.progress import progress


class FixedSteps(nn.Module):
    """Module that maps tokens to the outputs after `steps` supervision steps.

    ``forward(inputs [B, L] or [B, W], puzzle_ids [B] or None)`` returns ``(logits [B, L, V], halt_logits [B])``. In evaluation a
    supervision step is just T cycles, so all steps form one loop over cycles. Loops are exported as loops; unrolled,
    the graph would contain hundreds of copies of the network.
    """

    def __init__(self, model: TinyRecursiveModel, steps: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).cpu().float().eval()
        self.cycles = steps * model.config.T_steps

    def forward(self, inputs: Tensor, puzzle_ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        model = self.model
        x, context = model.given(inputs, puzzle_ids)
        update_latent, update_answer = model.core.stacks

        def cycle(y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
            injection = y + x
            (z,) = repeat(model.config.n_recursions, lambda z: (update_latent(z, injection, context),), z)
            return update_answer(y, z, context), z

        start = model.initial_state(inputs.shape[0])
        y, z = repeat(self.cycles, cycle, start.answer, start.latent)
        output = model.read_out(State(y, z), inputs)
        return output.logits, output.halt_logits


def repeat(times: int, update: Callable[..., tuple[Tensor, ...]], *start: Tensor) -> tuple[Tensor, ...]:
    """Apply `update` `times` times, as a single loop in the exported graph."""
    from torch._higher_order_ops.while_loop import while_loop

    def unfinished(done: Tensor, *_: Tensor) -> Tensor:
        return done < times

    def once(done: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        # while_loop requires outputs with the layout of its inputs, and no output that aliases an input.
        return (done + 1, *(value.clone(memory_format=torch.contiguous_format) for value in update(*values)))

    carried = (torch.zeros((), dtype=torch.int64), *(value.contiguous() for value in start))
    result: tuple[Tensor, ...] = while_loop(unfinished, once, carried)
    return result[1:]


def example_inputs(model: TinyRecursiveModel, batch: int = 2) -> tuple[Tensor, ...]:
    """Random arguments for `FixedSteps`: puzzles, and puzzle ids if the model has puzzle vectors.

    Puzzles with a structure of their own have all positions, and as many edges and groups as fit, which are all alike.

    Raises:
        UsageError: If the model has no fixed number of positions.
    """
    config = model.config
    if not config.context_length:
        raise UsageError(
            "An export has a fixed number of positions, but this model accepts any number. "
            "Import the checkpoint with --context-length."
        )
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(config.vocab_size, (batch, config.context_length), generator=generator)
    own = config.structure.per_puzzle
    if own is not None:
        inputs = F.pad(inputs, (0, config.input_width - config.context_length))
        counts = (config.context_length, own.max_edges, own.max_groups, own.max_members)
        inputs[:, Columns.of(config.context_length, own).counts] = torch.tensor(counts)
    if not config.num_puzzles:
        return (inputs,)
    return inputs, torch.randint(config.num_puzzles, (batch,), generator=generator)


def trace(model: TinyRecursiveModel, steps: int) -> ExportedProgram:
    """Trace `FixedSteps` for any batch size.

    Raises:
        TRMError: If this version of torch cannot trace it.
    """
    arguments = example_inputs(model)
    shapes = tuple({0: Dim("batch")} for _ in arguments)
    with progress("Tracing the model"), torch.no_grad():
        try:
            return torch.export.export(FixedSteps(model, steps), arguments, dynamic_shapes=shapes)
        except Exception as error:  # the tracer's errors have no common base class
            reason = str(error).strip().split("\n")[0][:200]
            raise TRMError(f"torch {torch.__version__} cannot trace this model for export: {reason}.") from error


def write_in_place(target: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a path in a temporary folder, then move all files it wrote to the target's folder.

    Raises:
        TRMError: If the files cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            write(Path(folder) / target.name)
            for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == target.name):
                os.replace(file, target.parent / file.name)
    except OSError as error:
        raise cannot_write(target, error) from error
