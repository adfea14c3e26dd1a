"""Optional dependencies: the one place that imports them, and that says what to install where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from trm.errors import UsageError, reason

EXTRAS = {
    "huggingface_hub": ("hub", "huggingface_hub"),
    "matplotlib": ("plot", "matplotlib"),
    "onnx": ("onnx", "onnx"),
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnxscript": ("onnx", "onnxscript"),
    "optuna": ("sweep", "optuna"),
    "PIL": ("plot", "Pillow"),
    "tensorboard": ("tensorboard", "tensorboard"),
    "wandb": ("wandb", "wandb"),
}
"""The extra of `trm` that installs a module's package, and the package's name, by the module's first name."""


def extra_module(name: str, purpose: str) -> ModuleType:
    """Import a module of an optional dependency.

    Args:
        name: the module, for example "matplotlib.figure".
        purpose: the subject of the error message "PURPOSE needs ...", for example "Export to ONNX".

    Raises:
        UsageError: it is not installed, or cannot be imported. The message names the extra to install.
    """
    top = name.partition(".")[0]
    extra, package = EXTRAS[top]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != top:  # it is installed, but a package that it needs itself is not
            raise UsageError(
                f"{purpose} needs {package}, which needs {error.name}: pip install 'trm[{extra}]'."
            ) from error
        raise UsageError(f"{purpose} needs {package}: pip install 'trm[{extra}]'.") from error
    except ImportError as error:
        raise UsageError(
            f"{purpose} needs {package}, which cannot be imported: {reason(error)}. "
            f"Reinstall it with: pip install --force-reinstall 'trm[{extra}]'"
        ) from error
