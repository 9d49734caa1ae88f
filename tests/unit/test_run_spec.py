"""Template variables: schemas and values checked, placeholders filled in, specs completed."""

from __future__ import annotations

from typing import Any

import pytest

from wandkit.server.run_spec import check_values, complete_spec, config_problems, read_variables

CPU = {"cpu": {"schema": {"type": "integer", "minimum": 1, "maximum": 8}}}
KIND = {"kind": {"schema": {"type": "string", "enum": ["a", "b"], "default": "a"}}}


def test_a_variable_is_known_by_the_name_it_says() -> None:
    found = read_variables('{"one": {"name": "gpu", "schema": {"type": "integer"}}}')
    assert list(found) == ["gpu"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", "templateVariables"),
        ("[]", "object"),
        ('{"a": 1}', "'a'"),
        ('{"a": {"schema": {"minimum": "low"}}}', "'a'"),
        ('{"a": {"schema": {"type": "integer", "default": "x"}}}', "default"),
        ('{"a": {"name": "{b}", "schema": {}}}', "placeholder"),
    ],
)
def test_a_malformed_variable_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_variables(text)


@pytest.mark.parametrize("value", [0, 9, 1.5, "1", None, True])
def test_a_value_that_does_not_fit_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="'cpu'"):
        check_values(CPU, {"cpu": value})


def test_all_complaints_come_at_once() -> None:
    with pytest.raises(ValueError, match=r"no template variable 'x'.*'cpu' needs a value.*'kind'"):
        check_values({**CPU, **KIND}, {"x": 1, "kind": "c"})


def test_a_default_stands_in_for_a_value() -> None:
    assert check_values({**CPU, **KIND}, {"cpu": 2}) == {"cpu": 2, "kind": "a"}


def test_a_schema_elsewhere_is_not_fetched() -> None:
    variables = {"a": {"schema": {"$ref": "http://127.0.0.1:9/schema"}}}
    with pytest.raises(ValueError, match="not in it"):
        check_values(variables, {"a": 1})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{cpu}}", 2),
        ("{{ cpu }}", 2),
        ("n-{{cpu}}-{{kind}}", "n-2-a"),
        ("{{unknown}}", "{{unknown}}"),
        ("{cpu}", "{cpu}"),
        (3, 3),
        (None, None),
        ([{"deep": "{{cpu}}"}], [{"deep": 2}]),
    ],
)
def test_placeholders_are_filled_and_numbers_stay_numbers(text: Any, filled: Any) -> None:
    config = {"resource_args": {"kubernetes": {"x": text}}}
    spec = complete_spec({}, "kubernetes", config, {"cpu": 2, "kind": "a"})
    assert spec == {"resource": "kubernetes", "resource_args": {"kubernetes": {"x": filled}}}


def test_what_a_spec_says_itself_wins() -> None:
    config = {"resource_args": {"kubernetes": {"a": {"x": 1, "y": 2}, "b": [1]}}}
    own = {"job": "j", "resource_args": {"kubernetes": {"a": {"y": 3}, "b": [2], "c": 4}}}
    spec = complete_spec(own, "kubernetes", config, {})
    assert spec["resource_args"] == {"kubernetes": {"a": {"x": 1, "y": 3}, "b": [2], "c": 4}}
    assert spec["job"] == "j"


def test_a_sound_config_has_no_problems() -> None:
    assert config_problems({"resource_args": {"kubernetes": {"x": "{{cpu}}"}}}, "kubernetes", CPU) == []


def test_each_oddity_of_a_config_is_a_sentence() -> None:
    found = config_problems({"resource_args": {"sagemaker": {"x": "{{gpu}}"}}}, "kubernetes", CPU)
    assert [words in problem for words, problem in zip(("kubernetes", "gpu", "cpu"), found, strict=True)] == [
        True,
        True,
        True,
    ]
