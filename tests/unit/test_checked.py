"""What is built by hand and does not fit: one error of wandkit's tree, whatever the model."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from wandkit.automation import (
    DoNothing,
    NewAutomation,
    OnLinkArtifact,
    ProjectScope,
    SendNotification,
    WebhookIntegration,
)
from wandkit.errors import ArgumentError, ArgumentTypeError
from wandkit.report import Heading, Image, LinePanel, PanelGrid, RunSet

wrong: Any = [3]
PROJECT = ProjectScope(id="p", name="spirals")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        pytest.param(lambda: SendNotification(integration_id=wrong), "integration_id", id="an action"),
        pytest.param(lambda: NewAutomation(event=wrong), "event", id="an automation"),
        pytest.param(lambda: ProjectScope(name=wrong), "name", id="a scope"),
        pytest.param(lambda: WebhookIntegration(id=wrong, name="n", url_endpoint="u"), "id", id="a webhook"),
        pytest.param(lambda: Image.of(wrong), "url", id="a block"),
        pytest.param(lambda: Heading(level=wrong), "level", id="a heading"),
        pytest.param(lambda: LinePanel.of(["loss", wrong]), "metrics.1", id="a panel"),
        pytest.param(lambda: RunSet(name=wrong), "name", id="a run set"),
        pytest.param(lambda: PanelGrid(metadata=wrong), "metadata", id="a grid"),
    ],
)
def test_a_value_of_a_wrong_type_is_an_error_of_wandkit(build: Callable[[], object], name: str) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"^This does not fit into \w+: `{name}`: ") as caught:
        build()
    assert isinstance(caught.value, ValueError)
    assert re.fullmatch(r"help\('wandkit\.[a-z_.]+\.\w+'\) says what it takes\.", caught.value.next_step)
    assert isinstance(caught.value, TypeError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_part_that_there_is_not_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"`color`: .* not permitted"):
        NewAutomation(color="red")  # type: ignore[call-arg]


def test_all_that_does_not_fit_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"`name`: .*; `enabled`: "):
        NewAutomation(name=wrong, enabled=wrong)


def test_a_change_that_does_not_fit_leaves_what_was() -> None:
    found = OnLinkArtifact(scope=PROJECT) >> DoNothing()
    with pytest.raises(ArgumentTypeError, match="into NewAutomation: `name`"):
        found.name = wrong
    assert found.name is None


def test_an_error_within_keeps_its_advice() -> None:
    with pytest.raises(ArgumentError) as caught:
        OnLinkArtifact(scope=wrong)
    assert caught.value.message == (
        "This does not fit into OnLinkArtifact: `scope`: An automation cannot watch a list."
    )
    assert caught.value.next_step.startswith("Give a project, a registry")


def test_text_that_is_read_by_pydantic_itself_fails_as_pydantic_does() -> None:
    with pytest.raises(ValidationError):
        Image.model_validate_json('{"url": 3}')
