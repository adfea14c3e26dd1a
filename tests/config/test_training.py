"""Settings of a training: flat fields in named sections."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trm import TrainingConfig
from trm.errors import UsageError


def test_each_field_is_in_one_section() -> None:
    sections = TrainingConfig.sections()
    names = [name for fields in sections.values() for name in fields]
    assert sorted(names) == sorted(TrainingConfig.model_fields)
    assert list(sections)[:3] == ["Batch and length", "Supervision and halting", "Optimizer"]
    assert "learning_rate" in sections["Optimizer"]
    assert next(iter(TrainingConfig.model_fields)) == "batch_size"


def test_settings_are_immutable_and_closed() -> None:
    config = TrainingConfig(max_steps=1)
    with pytest.raises(ValidationError, match="frozen"):
        config.max_steps = 2
    with pytest.raises(UsageError, match=r"learning_rat: extra inputs.*got 0\.1"):
        TrainingConfig(max_steps=1, learning_rat=0.1)
    with pytest.raises(UsageError, match="TrainingConfig: training needs an end"):
        TrainingConfig()
