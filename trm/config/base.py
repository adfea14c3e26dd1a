"""The base class of all settings."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from trm.errors import UsageError, quoted


class Settings(BaseModel):
    """Base class of all settings. Unknown fields are errors, and instances are immutable.

    Raises:
        UsageError: a value is invalid, or values contradict each other. `model_validate` raises pydantic's own error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UsageError(f"{type(self).__name__}{problem(error, given=True)}") from None

    # Without this mark, pydantic also calls `__init__` for nested settings and in `model_validate`.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def problem(error: ValidationError, given: bool = False) -> str:
    """The first problem of a report of pydantic, as ".field: what is wrong."; with the value if `given`."""
    first = error.errors()[0]
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    where = "".join(f".{part}" for part in first["loc"])
    got = f", got {quoted(first['input'])}" if given and where and first["type"] != "missing" else ""
    return f"{where}: {message[:1].lower()}{message[1:]}{got}."
