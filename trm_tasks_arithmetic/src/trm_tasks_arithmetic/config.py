"""The settings of the arithmetic task."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Operation = Literal["add", "subtract", "multiply"]

MAX_DIGITS = 32
MAX_EXAMPLES = 5_000_000


class ArithmeticConfig(BaseModel):
    """Which problems there are, and how many of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Operation = Field("add", description="add, subtract or multiply")
    digits: int = Field(3, description="digits of each operand, leading zeros included", ge=1, le=MAX_DIGITS)
    train_examples: int | None = Field(
        None, description="training problems; unset: all there are, at most 100,000", ge=1, le=MAX_EXAMPLES
    )
    test_examples: int | None = Field(
        None, description="test problems; unset: all there are, at most 2,000", ge=1, le=MAX_EXAMPLES
    )

    @property
    def answer_digits(self) -> int:
        """Digits that the largest answer has: a sum may carry once, a product is as long as both operands."""
        return {"add": self.digits + 1, "subtract": self.digits, "multiply": 2 * self.digits}[self.operation]
