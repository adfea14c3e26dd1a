"""The factories of metrics and renderers may ask for the task's description, a stranger's as ours."""

from typing import Any

import pytest

from trm.plugins.factories import call_factory
from trm.render import TokenRenderer


class Stranger:
    def __init__(self, config: Any, description: Any = None) -> None:
        self.config, self.description = config, description


class KeywordOnly:
    def __init__(self, config: Any, *, description: Any) -> None:
        self.config, self.description = config, description


def function(config: Any, description: Any) -> Stranger:
    return Stranger(config, description)


@pytest.mark.parametrize("factory", [Stranger, KeywordOnly, function])
def test_a_factory_with_a_parameter_of_that_name_is_given_the_description(factory: Any) -> None:
    part = call_factory(factory, "config", lambda: "description")
    assert (part.config, part.description) == ("config", "description")


def test_the_built_in_renderer_is_no_special_case() -> None:
    assert call_factory(TokenRenderer, None, lambda: "description").description == "description"


def test_a_factory_without_one_is_called_with_the_config_alone() -> None:
    def unwanted() -> None:
        raise AssertionError("nobody asked for the description")

    assert call_factory(lambda config: config, "config", unwanted) == "config"
