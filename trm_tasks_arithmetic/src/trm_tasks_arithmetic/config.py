"""Settings of the arithmetic task."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Operation = Literal["add", "subtract", "multiply"]

MAX_DIGITS = 32
MAX_EXAMPLES = 5_000_000


class ArithmeticConfig(BaseModel):
    """The kind and the number of problems."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Operation = Field("add", description="add, subtract or multiply")
    digits: int = Field(3, description="number of digits of each operand, leading zeros included", ge=1, le=MAX_DIGITS)
    train_examples: int | None = Field(
        None, description="number of training problems; unset: all that exist, at most 100,000", ge=1, le=MAX_EXAMPLES
    )
    test_examples: int | None = Field(
        None, description="number of test problems; unset: all that exist, at most 2,000", ge=1, le=MAX_EXAMPLES
    )

    @property
    def answer_digits(self) -> int:
        """Number of digits of the longest answer: a sum may carry once, a product is as long as both operands."""
        return {"add": self.digits + 1, "subtract": self.digits, "multiply": 2 * self.digits}[self.operation]
