"""What run queues may be called and made of, and what their items say."""

from __future__ import annotations

import json

import pytest

from wandkit._core.run_queue import QueueFailure, config_text, failure_of, links_of, links_text, object_of


def test_a_config_is_kept_below_its_resource() -> None:
    assert json.loads(config_text("kubernetes", {"a": (1, 2)})) == {
        "resource_args": {"kubernetes": {"a": [1, 2]}}
    }


def test_no_config_is_an_empty_one() -> None:
    assert json.loads(config_text("sagemaker", None)) == {"resource_args": {"sagemaker": {}}}


def test_links_come_back_as_they_went() -> None:
    links = {"wiki": "https://example.com/wiki", "": "x"}
    assert links_of(json.loads(links_text(links))) == links


@pytest.mark.parametrize("said", [None, {}, [], "", {"links": None}, {"links": [1, {"label": "a"}]}])
def test_odd_links_are_left_out(said: object) -> None:
    assert links_of(said) == {}


def test_an_object_may_come_as_text() -> None:
    assert object_of('{"a": 1}') == {"a": 1}


def test_why_an_item_failed_is_in_its_spec() -> None:
    spec = {"_wandkit": {"failure": {"message": "m", "stage": "agent", "filePaths": ["a"]}}}
    assert failure_of(spec) == QueueFailure("m", "agent", ("a",))


@pytest.mark.parametrize("spec", [None, {}, [], {"_wandkit": 1}, {"_wandkit": {"failure": {"filePaths": 1}}}])
def test_a_spec_that_does_not_say_why_gives_no_reason(spec: object) -> None:
    assert failure_of(spec).message == ""
