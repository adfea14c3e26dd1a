"""NVIDIA GPUs, and AMD's through ROCm, which torch calls cuda too."""

from __future__ import annotations

import torch

from trm.devices.backend import Backend


class CUDABackend(Backend):
    """bf16 where the GPU has it, and a compiled network."""

    name = "cuda"

    def unavailable(self) -> str | None:
        if not torch.cuda.is_available():
            return "torch finds no CUDA or ROCm GPU"
        if self.index is not None and self.index >= torch.cuda.device_count():
            return f"there are {torch.cuda.device_count()} GPUs, numbered from 0"
        return None

    def precision(self) -> torch.dtype:
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32

    def compiles(self) -> bool:
        """The compiler's code generator needs compute capability 7.0."""
        return torch.cuda.get_device_capability(self.device)[0] >= 7

    def describe(self) -> str:
        properties = torch.cuda.get_device_properties(self.device)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, {str(self.precision()).removeprefix('torch.')}"
