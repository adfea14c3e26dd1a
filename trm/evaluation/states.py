"""`States`: what is inside the model over a refinement, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from trm.evaluation.refine import FloatArray, Frame


@dataclass(frozen=True)
class States:
    """The states of a refinement, and the messages in it if they were recorded.

    The first axis F counts frames: one a supervision step, or one a cycle. Positions include the P prefix tokens, which
    come first; `prefix_length` is P. Models with one vector per position and interchangeable token have a further axis
    S after the positions, and no prefix.

    Attributes:
        answer: y, ``[F, P+L, D]`` or ``[F, L, S, D]``, float32. The answer is read from it.
        latent: z, of the same shape.
        prefix_length: number of prefix tokens, P.
        received: root mean square over the width of what each position received from each source, ``[F, calls, sources,
            P+L]`` or ``[F, calls, sources, L, S]``, float32; None if it was not recorded. That of the states is 1.
        attention: the share of each position (last axis) in what each other one received, ``[F, calls, heads, P+L,
            P+L]``, float16; None if it was not recorded.
        calls: names of the calls: "latent.0" is layer 0 in the last update of z in the frame, "answer.0" the same layer
            in the update of y. Empty without messages.
        sources: names of the sources of messages, such as relations, offsets of neighbours, or heads.
    """

    answer: FloatArray
    latent: FloatArray
    prefix_length: int = 0
    received: FloatArray | None = None
    attention: npt.NDArray[np.float16] | None = None
    calls: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, frames: Sequence[Frame], prefix_length: int) -> States | None:
        """The states of at least one frame; None if they were not recorded."""
        insides = [frame.inside for frame in frames if frame.inside is not None]
        if not insides:
            return None
        stacked = {name: np.stack([getattr(inside, name) for inside in insides]) for name in ("answer", "latent")}
        for name in ("received", "attention"):
            if getattr(insides[0], name) is not None:
                stacked[name] = np.stack([getattr(inside, name) for inside in insides])
        return cls(prefix_length=prefix_length, calls=insides[0].calls, sources=insides[0].sources, **stacked)

    def arrays(self) -> dict[str, npt.NDArray[np.floating]]:
        """The arrays that there are, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    def axes(self) -> dict[str, list[str]]:
        """The names of the axes of each array."""
        places = ["position", "symbol"][: self.answer.ndim - 2]
        named = {
            "answer": ["frame", *places, "width"],
            "latent": ["frame", *places, "width"],
            "received": ["frame", "call", "source", *places],
            "attention": ["frame", "call", "head", "receiver", "sender"],
        }
        return {name: named[name] for name in self.arrays()}

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {list(value.shape)}" for name, value in self.arrays().items())
        return f"<States {shapes}>"
