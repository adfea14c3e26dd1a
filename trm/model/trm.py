"""`TinyRecursiveModel`: embedding, recursion, heads, and deep supervision with the carried state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from trm.config import TRMConfig
from trm.config.columns import positions
from trm.model.checks import check_puzzles, check_shapes, check_state, check_steps
from trm.model.context import Context
from trm.model.embedding import HaltHead, InputEmbedding, SymbolHead, TokenHead
from trm.model.init import truncated_normal_
from trm.model.links import links, read_structure, real_positions
from trm.model.losses import step_loss
from trm.model.positions import Rotary, rotary_tables
from trm.model.recursion import HRMCore, State, TRMCore, last
from trm.model.sizes import any_size, by_size, joined, shortened


@dataclass
class StepOutput:
    """The outputs of one supervision step.

    Attributes:
        logits: of every token at every position, ``[B, L, V]``.
        halt_logits: of the answer being right, ``[B]``.
        continue_logits: of going on being worth it, ``[B]``; only HRM trains and uses them.
    """

    logits: Tensor
    halt_logits: Tensor
    continue_logits: Tensor


class StepResult(NamedTuple):
    """One supervision step, or one cycle of it: the state after it, detached, and the outputs."""

    state: State
    output: StepOutput


class TinyRecursiveModel(nn.Module):
    """A network that answers a puzzle by refining its answer, step by step (arXiv:2510.04871).

    Args:
        config: the architecture; `config.architecture == "hrm"` gives the baseline of arXiv:2506.21734.

    Attributes:
        compiled: whether `compile` was called.
    """

    initial_answer: Tensor
    initial_latent: Tensor
    rotary_cos: Tensor | None
    rotary_sin: Tensor | None

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        self.config = config
        self.any_size = any_size(config)
        self.compiled = False
        self.embedding = InputEmbedding(config)
        self.core: TRMCore | HRMCore = TRMCore(config) if config.architecture == "trm" else HRMCore(config)
        self.head = SymbolHead(config) if self.embedding.per_symbol else TokenHead(config)
        self.halt_head = HaltHead(config)
        self.register_buffer("initial_answer", truncated_normal_(torch.empty(config.hidden_dim), std=1.0))
        self.register_buffer("initial_latent", truncated_normal_(torch.empty(config.hidden_dim), std=1.0))
        tables = rotary_tables(config, config.prefix_length + config.context_length)
        self.register_buffer("rotary_cos", tables[0] if tables else None, persistent=False)
        self.register_buffer("rotary_sin", tables[1] if tables else None, persistent=False)

    def network_parameters(self) -> Iterator[nn.Parameter]:
        """All parameters but the puzzle vectors, which have an optimizer of their own and no average."""
        puzzles = self.embedding.puzzles
        table = puzzles.weight if puzzles is not None else None
        return (parameter for parameter in self.parameters() if parameter is not table)

    def num_parameters(self) -> int:
        """Number of parameters without the puzzle vectors, as counted in the paper."""
        return sum(parameter.numel() for parameter in self.network_parameters())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the network with `torch.compile`, in place.

        The stacks of layers are compiled, because every supervision step calls them and nothing else that is large.
        `nn.Module.compile` would compile `forward` alone, which neither training nor evaluation calls. Names in
        `state_dict` do not change.

        Args:
            *args, **kwargs: passed to `torch.compile`.
        """
        for stack in dict.fromkeys(self.core.stacks):
            stack.compile(*args, **kwargs)
        self.compiled = True

    def state_shape(self) -> tuple[int, ...]:
        """Shape of one puzzle's answer and latent: ``(P+L, D)``, ``(L, S, D)``, or where any L will do ``(1, D)``, which
        the first step broadcasts.
        """
        config = self.config
        if config.context_length == 0:
            return 1, config.hidden_dim
        if self.embedding.per_symbol:
            return config.context_length, len(config.structure.interchangeable), config.hidden_dim
        return config.prefix_length + config.context_length, config.hidden_dim

    def initial_state(self, batch_size: int, noise: float = 0.0, generator: torch.Generator | None = None) -> State:
        """The state that every puzzle starts from: one fixed vector each for y and z, at every position.

        Args:
            batch_size: number of puzzles.
            noise: standard deviation of normal noise added to every element (the vectors' own is 1), so that restarts
                of one puzzle differ.
            generator: of the noise, on the CPU.
        """
        shape = (batch_size, *self.state_shape())
        state = State(self.initial_answer.expand(shape), self.initial_latent.expand(shape))
        if not noise:
            return state
        drawn = noise * torch.randn(2, *shape, generator=generator).to(self.initial_answer)
        return State(state.answer + drawn[0], state.latent + drawn[1])

    def steps(
        self, inputs: Tensor, state: State, puzzle_ids: Tensor | None = None, count: int | None = None
    ) -> Iterator[StepResult]:
        """Run supervision steps one after the other, each from the state that the one before it left.

        Each step runs when the consumer asks for it, in the consumer's gradient and autocast mode.

        Args:
            inputs: tokens ``[B, L]``.
            state: the carried state, such as `initial_state`.
            puzzle_ids: ``[B]``, for models with puzzle vectors. Default: the blank id 0.
            count: number of steps. Default: the configuration's `n_supervision`.

        Raises:
            UsageError: a shape or type is wrong, or `count` is below 1.
        """
        return self._steps(inputs, state, puzzle_ids, self._checked(inputs, state, puzzle_ids, count))

    def _steps(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None, count: int) -> Iterator[StepResult]:
        for _ in range(count):
            state, output = self.supervision_step(inputs, state, puzzle_ids)
            yield StepResult(state, output)

    def cycles(
        self, inputs: Tensor, state: State, puzzle_ids: Tensor | None = None, count: int | None = None
    ) -> Iterator[StepResult]:
        """Run supervision steps like `steps`, and yield the result of each of their T cycles.

        Only the last cycle of a step has gradients.

        Raises:
            UsageError: a shape or type is wrong, or `count` is below 1.
        """
        return self._all_cycles(inputs, state, puzzle_ids, self._checked(inputs, state, puzzle_ids, count))

    def _all_cycles(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None, count: int) -> Iterator[StepResult]:
        for _ in range(count):
            for now in self._cycles(inputs, state, puzzle_ids):
                yield StepResult(now.detach(), self.read_out(now, inputs))
            state = now.detach()

    def supervision_step(
        self, inputs: Tensor, state: State, puzzle_ids: Tensor | None = None
    ) -> tuple[State, StepOutput]:
        """One supervision step: T cycles, the last with gradients.

        Args:
            inputs: tokens ``[B, L]``.
            state: the carried state.
            puzzle_ids: ``[B]``, for models with puzzle vectors. Default: the blank id 0.

        Returns:
            The state after the step, detached, and the outputs.

        Raises:
            UsageError: a shape or type is wrong.
        """
        self._checked(inputs, state, puzzle_ids)
        return self._step_by_size(inputs, state, puzzle_ids) if self.any_size else self._step(inputs, state, puzzle_ids)

    def _step(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None) -> tuple[State, StepOutput]:
        now = last(self._cycles(inputs, state, puzzle_ids))
        return now.detach(), self.read_out(now, inputs)

    def _step_by_size(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None) -> tuple[State, StepOutput]:
        """A supervision step in which each puzzle is computed at about as many positions as it has."""
        structure, length = self.config.structure.per_puzzle, self.config.context_length
        assert structure is not None
        parts = by_size(inputs, length)
        if [part.length for part in parts] == [length]:
            return self._step(inputs, state, puzzle_ids)
        results = [
            self._step(
                shortened(inputs[rows], length, wanted, structure),
                State(*(value[rows, : self.config.prefix_length + wanted] for value in state)),
                None if puzzle_ids is None else puzzle_ids[rows],
            )
            for rows, wanted in parts
        ]
        outputs = [output for _, output in results]
        return (
            State(
                *(
                    joined(parts, values, state.answer.shape[1])
                    for values in zip(*(now for now, _ in results), strict=True)
                )
            ),
            StepOutput(
                joined(parts, [output.logits for output in outputs], length),
                joined(parts, [output.halt_logits for output in outputs]),
                joined(parts, [output.continue_logits for output in outputs]),
            ),
        )

    def _cycles(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None) -> Iterator[State]:
        """The state after each of the T cycles of one supervision step."""
        x, context = self.given(inputs, puzzle_ids)
        return self.core.cycles(x, State(state.answer.to(x.dtype), state.latent.to(x.dtype)), context)

    def given(self, inputs: Tensor, puzzle_ids: Tensor | None = None) -> tuple[Tensor, Context]:
        """What stays the same in all cycles: the embedded puzzles x ``[B, P+L, D]``, and the layers' context.

        Args:
            inputs: tokens ``[B, L]``, or rows ``[B, W]``.
            puzzle_ids: ``[B]``, for models with puzzle vectors. Default: the blank id 0.
        """
        structure = self.config.structure.per_puzzle
        if structure is None:
            x = self.embedding(inputs, puzzle_ids)
            return x, Context(self.rotary(x))
        length = positions(inputs.shape[1], structure)
        with torch.autocast(inputs.device.type, enabled=False):  # means over many positions need their digits
            own = read_structure(inputs, length, structure)
            linked = links(own)
        x = self.embedding(inputs[:, :length], puzzle_ids, own)
        return x, Context(self.rotary(x), linked)

    def rotary(self, x: Tensor) -> Rotary:
        """The rotary tables for x ``[B, P+L, D]``, or None where positions are not rotary."""
        if self.rotary_cos is None or self.rotary_sin is None:
            return None
        if self.config.context_length == 0:
            tables = rotary_tables(self.config, x.shape[1])
            return tables and (tables[0].to(x.device), tables[1].to(x.device))
        return self.rotary_cos, self.rotary_sin

    def read_out(self, state: State, inputs: Tensor | None = None) -> StepOutput:
        """The answer and the halting logits that a state stands for.

        Args:
            state: the state.
            inputs: the puzzles, where they have sizes of their own: the halting logits do not depend on padding.
        """
        halting = self.halt_head(state.answer, self._real(inputs))
        return StepOutput(self.head(state.answer), halting[:, 0], halting[:, 1])

    def _real(self, inputs: Tensor | None) -> Tensor | None:
        """Which positions are not padding, ``[B, L]``; None where all puzzles have the same size."""
        structure = self.config.structure.per_puzzle
        if inputs is None or structure is None:
            return None
        return real_positions(inputs, positions(inputs.shape[1], structure))

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor | None = None,
        n_supervision: int | None = None,
        puzzle_ids: Tensor | None = None,
    ) -> dict[str, Any]:
        """Deep supervision of one batch, all steps at once.

        `Trainer` takes one optimizer step per supervision step instead, as the paper's code does.

        Args:
            inputs: tokens ``[B, L]``.
            targets: tokens ``[B, L]``, -100 at positions that are not scored.
            n_supervision: number of supervision steps. Default: the configuration's.
            puzzle_ids: ``[B]``. Default: the blank id 0.

        Returns:
            ``logits_list`` (one ``[B, L, V]`` per step), ``halt_logits_list`` (one ``[B]`` per step), and with targets
            ``loss``: the mean over steps and rows.

        Raises:
            UsageError: a shape, type, token, label or id is not the model's, or `n_supervision` is below 1.
        """
        check_puzzles(self.config, inputs, targets, puzzle_ids)
        steps = self.steps(inputs, self.initial_state(len(inputs)), puzzle_ids, n_supervision)
        results = [output for _, output in steps]
        outputs: dict[str, Any] = {
            "logits_list": [output.logits for output in results],
            "halt_logits_list": [output.halt_logits for output in results],
        }
        if targets is not None:
            losses = [self._loss(output, targets) for output in results]
            outputs["loss"] = torch.stack(losses).mean().float() / len(inputs)
        return outputs

    def _loss(self, output: StepOutput, targets: Tensor) -> Tensor:
        config = self.config
        loss = step_loss(output.logits, output.halt_logits, targets, config.loss, halt_weight=config.halt_loss_weight)
        return loss.total

    @torch.no_grad()
    def predict(self, inputs: Tensor, n_supervision: int | None = None, puzzle_ids: Tensor | None = None) -> Tensor:
        """The answer after all supervision steps, as tokens ``[B, L]``. Dropout is off.

        Args:
            inputs: tokens ``[B, L]``.
            n_supervision: number of supervision steps. Default: the configuration's.
            puzzle_ids: ``[B]``. Default: the blank id 0.

        Raises:
            UsageError: a shape, type, token or id is not the model's, or `n_supervision` is below 1.
        """
        check_puzzles(self.config, inputs, puzzle_ids=puzzle_ids)
        training = self.training
        self.eval()
        try:
            steps = self.steps(inputs, self.initial_state(len(inputs)), puzzle_ids, n_supervision)
            return last(steps).output.logits.argmax(-1)
        finally:
            self.train(training)

    def _checked(self, inputs: Tensor, state: State, puzzle_ids: Tensor | None, count: int | None = None) -> int:
        """Check shapes and types, and return the number of steps."""
        check_shapes(self.config, inputs, puzzle_ids)
        check_state(inputs, state, self.state_shape())
        return check_steps(count, self.config.n_supervision)
