"""Writing a model as ONNX, and checking the file with onnxruntime."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from trm.errors import TRMError
from trm.interop.fixed_steps import FixedSteps, example_inputs, trace, write_in_place
from trm.model import TinyRecursiveModel

INPUTS = ("inputs", "puzzle_ids")
OUTPUTS = ("logits", "halt_logits")


def export_onnx(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> Path:
    """Write the model with a fixed number of supervision steps.

    Inputs: `inputs` ``[B, L]`` and, where the model has puzzle vectors, `puzzle_ids` ``[B]``, int64, any B. Outputs:
    `logits` ``[B, L, V]`` and `halt_logits` ``[B]``. Weights of more than 2 GB go into a second file beside the first.

    Args:
        model: computed in fp32.
        path: the file, by custom ending in `.onnx`.
        steps: supervision steps; left out, the model's `n_supervision`.

    Raises:
        TRMError: onnx or onnxscript are not installed, or can't express the model; or the file can't be written.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise TRMError(f"Export to ONNX needs {' and '.join(missing)}: pip install 'trm[onnx]'.")
    path = Path(path)
    program = trace(model, steps or model.config.n_supervision)
    with torch.no_grad(), _quiet():
        try:
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=INPUTS[: len(example_inputs(model))],
                output_names=OUTPUTS,
                verbose=False,
            )
        except Exception as error:  # the exporter's own errors have no common class
            reason = str(error).strip().split("\n")[0][:200]
            raise TRMError(f"torch {torch.__version__} can't express this model in ONNX: {reason}.") from error
    assert exported is not None
    write_in_place(path, lambda file: exported.save(str(file)))
    return path


def check_onnx(model: TinyRecursiveModel, path: str | Path, steps: int | None = None) -> float | None:
    """Run the file with onnxruntime on random inputs of another batch size than it was traced with.

    Returns:
        The largest difference of its logits from the model's, relative to their largest value; None where onnxruntime
        is not installed.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    arguments = example_inputs(model, batch=3)
    feed = {name: value.numpy() for name, value in zip(INPUTS, arguments, strict=False)}
    logits = torch.from_numpy(session.run([OUTPUTS[0]], feed)[0])
    with torch.no_grad():
        wanted, _ = FixedSteps(model, steps or model.config.n_supervision)(*arguments)
    return float((logits - wanted).abs().max() / wanted.abs().max())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its progress, and warns of libraries that this model has no use for."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
