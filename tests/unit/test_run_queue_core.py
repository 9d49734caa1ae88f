"""What run queues may be called and made of, and what their items say."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from wandkit._core.job import JobInfo, check_job_name
from wandkit._core.run_queue import (
    QueueFailure,
    check_priority_mode,
    check_queue_name,
    check_resource,
    config_text,
    failure_of,
    links_of,
    links_text,
    object_of,
    variables_text,
)
from wandkit.errors import WandkitError


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


@pytest.mark.parametrize(
    "refuse",
    [
        lambda: check_queue_name(""),
        lambda: check_queue_name("x" * 65),
        lambda: check_resource("slurm"),
        lambda: check_priority_mode("V9", ("V0",)),
        lambda: config_text("kubernetes", [1]),
        lambda: variables_text({"cpu": {}}),
        lambda: links_text({"wiki": 1}),  # type: ignore[dict-item]
        lambda: check_job_name("trainer"),
        lambda: JobInfo.read("{", "e/p/j:v0"),
        lambda: JobInfo.read("{}", "e/p/j:v0"),
        lambda: JobInfo.read('{"source_type": "image", "source": {}}', "e/p/j:v0"),
    ],
)
def test_what_is_refused_says_what_to_do_instead(refuse: Callable[[], object]) -> None:
    with pytest.raises(WandkitError) as caught:
        refuse()
    assert caught.value.next_step.endswith(".")
