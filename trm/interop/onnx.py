"""Export to ONNX, and a check of the file with onnxruntime."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from trm.errors import TRMError
from trm.extras import extra_module
from trm.interop.fixed_steps import FixedSteps, example_inputs, trace, write_in_place
from trm.model import TinyRecursiveModel
from trm.progress import progress

INPUTS = ("inputs", "puzzle_ids")
OUTPUTS = ("logits", "halt_logits")


def export_onnx(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> Path:
    """Write a model as ONNX, with a fixed number of supervision steps.

    The graph has the inputs `inputs` ``[B, L]`` and, if the model has puzzle vectors, `puzzle_ids` ``[B]``, both int64,
    for any B. Its outputs are `logits` ``[B, L, V]`` and `halt_logits` ``[B]``. Weights larger than 2 GB go into a second
    file next to the first.

    Args:
        model: The model; it is exported in fp32.
        path: The file to write, usually ending in `.onnx`.
        steps: Number of supervision steps (default: the model's `n_supervision`).

    Returns:
        The path.

    Raises:
        UsageError: If onnx or onnxscript is missing.
        TRMError: If onnx cannot express the model, or the file cannot be written.
    """
    for name in ("onnx", "onnxscript"):
        extra_module(name, "Export to ONNX")
    path = Path(path)
    program = trace(model, steps or model.config.n_supervision)
    with progress("Exporting to ONNX"), torch.no_grad(), _quiet():
        try:
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=INPUTS[: len(example_inputs(model))],
                output_names=OUTPUTS,
                verbose=False,
            )
        except Exception as error:  # the exporter's errors have no common base class
            reason = str(error).strip().split("\n")[0][:200]
            raise TRMError(f"torch {torch.__version__} cannot express this model in ONNX: {reason}.") from error
    assert exported is not None
    write_in_place(path, lambda file: exported.save(str(file)))
    return path


def check_onnx(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> float | None:
    """Run an ONNX file with onnxruntime on random inputs, with a batch size that it was not traced with.

    Returns:
        The largest difference between its logits and the model's, relative to the largest logit; None if onnxruntime is
        not installed.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    onnxruntime = extra_module("onnxruntime", "Checking an ONNX file")

    with progress("Checking the ONNX file"):
        return _difference(onnxruntime, model, path, steps or model.config.n_supervision)


def _difference(onnxruntime: Any, model: TinyRecursiveModel, path: str | Path, steps: int) -> float:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    arguments = example_inputs(model, batch=3)
    feed = {name: value.numpy() for name, value in zip(INPUTS, arguments, strict=False)}
    logits = torch.from_numpy(session.run([OUTPUTS[0]], feed)[0])
    with torch.no_grad():
        wanted, _ = FixedSteps(model, steps)(*arguments)
    return float((logits - wanted).abs().max() / wanted.abs().max())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's progress output and its warnings about libraries that this model does not need."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
