"""What jobs say of themselves, and whether a config fits."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from wandkit._core.job import JobInfo, check_config, launch_spec
from wandkit._core.job_type import misfits, show_type
from wandkit.errors import ArgumentError, ConfigTypeError

NUMBER = {"wb_type": "number"}
STRING = {"wb_type": "string"}


def of(name: str, **params: Any) -> dict[str, Any]:
    """Return a type as jobs keep it."""
    return {"wb_type": name, "params": params} if params else {"wb_type": name}


ANYTHING = [of("any"), of("unknown"), of("from the future"), {}, None, of("union")]
FITS = [
    (NUMBER, 1), (NUMBER, 1.5), (NUMBER, float("nan")), (STRING, ""), (of("boolean"), True),
    (of("none"), None),
    (of("timestamp"), datetime.now(timezone.utc)),
    (of("list", element_type=NUMBER, length=2), [1, 2, 3]), (of("list", element_type=NUMBER), ()),
    (of("list"), ["a", 1]), (of("ndarray", shape=[2]), [1, 2]),
    (of("union", allowed_types=[NUMBER, of("none")]), None),
    (of("union", allowed_types=[NUMBER, STRING]), "a"),
    (of("const", val=3), 3), (of("const", val=["a"], is_set=True), {"a"}),
    (of("typedDict", type_map={"a": of("typedDict", type_map={"b": NUMBER})}), {"a": {"b": 1}}),
    (of("dictionary", type_map={}), {}), (of("typedDict", type_map={"a": of("none")}), {}),
    (of("pythonObject", class_name="bytes"), b""), (of("object", class_name="complex"), 1j),
    (of("artifactVersion"), {"_type": "artifactVersion"}), (of("artifactVersion"), "wandb-artifact://_id/a"),
]  # fmt: skip
MISFITS = [
    (NUMBER, "1"), (NUMBER, True), (NUMBER, None), (STRING, 1), (of("boolean"), 1), (of("none"), 0),
    (of("timestamp"), "2024"), (of("list", element_type=NUMBER), [1, "a"]),
    (of("list", element_type=STRING), "a"),
    (of("ndarray"), 1), (of("union", allowed_types=[NUMBER, STRING]), None), (of("const", val=1), True),
    (of("const", val=3), 4), (of("typedDict", type_map={"a": NUMBER}), {"a": 1, "b": 2}),
    (of("typedDict", type_map={"a": NUMBER}), {}), (of("typedDict", type_map={}), []),
    (of("pythonObject", class_name="bytes"), ""), (of("artifactVersion"), {"_type": "image-file"}),
    (of("artifactVersion"), "a"), (of("invalid"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), FITS)
def test_a_value_fits(kind: object, value: object) -> None:
    assert misfits(kind, value) == []


@pytest.mark.parametrize("kind", ANYTHING)
@pytest.mark.parametrize("value", [None, 1, "a", [], {}])
def test_a_type_that_says_nothing_fits_everything(kind: object, value: object) -> None:
    assert misfits(kind, value) == []


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_a_value_does_not_fit(kind: object, value: object) -> None:
    assert len(misfits(kind, value)) == 1


def test_every_wrong_key_is_named_with_its_place() -> None:
    inner = of("typedDict", type_map={"b": of("list", element_type=NUMBER)})
    kind = of("typedDict", type_map={"a": inner, "c": STRING, "d": of("const", val=1)})
    found = misfits(kind, {"a": {"b": [1, None]}, "x": 0, "d": 2})
    assert found == [
        "x is no input of the job",
        "a.b[1] must be number, not None",
        "c is missing; it must be string",
        "d must be the value 1, not 2",
    ]


def test_a_long_value_is_shown_in_short() -> None:
    (found,) = misfits(NUMBER, "x" * 500)
    assert len(found) < 120


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (of("union", allowed_types=[STRING, of("none")]), "string or none"),
        (of("list", element_type=STRING), "list of string"),
        (of("artifactVersion"), "artifact"),
        (of("pythonObject", class_name="bytes"), "a bytes"),
        (of("any"), "anything"),
        ({}, "anything"),
    ],
)
def test_a_type_reads_as_words(kind: object, words: str) -> None:
    assert show_type(kind) == words


def test_a_config_error_is_both_of_its_builtins() -> None:
    info = JobInfo("image", {"image": "i"}, [], of("typedDict", type_map={"a": NUMBER}))
    with pytest.raises(ConfigTypeError) as caught:
        check_config(info, {"a": "x"}, "e/p/j:v0")
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)
    assert "e/p/j:v0" in str(caught.value)


def test_a_job_without_types_takes_any_config() -> None:
    check_config(JobInfo("image", {"image": "i"}, []), {"a": object()}, "j")
    assert misfits({}, {"a": 1}) == []


def test_a_file_with_null_in_it_is_read() -> None:
    text = '{"source_type": "image", "source": {"image": "i", "entrypoint": null}, "input_types": null}'
    info = JobInfo.read(text, "j")
    assert (info.entrypoint, info.input_types, info.partial) == ([], {}, False)


def test_a_spec_has_what_agents_look_for() -> None:
    spec = launch_spec("e/p/j:v0", ("e", "p"), "kubernetes", {"lr": 1}, ["a"], {"kubernetes": {}})
    assert spec == {
        "job": "e/p/j:v0", "entity": "e", "project": "p", "resource": "kubernetes", "docker": {}, "git": {},
        "overrides": {"args": [], "run_config": {"lr": 1}, "entry_point": ["a"]},
        "resource_args": {"kubernetes": {}},
    }  # fmt: skip


def test_resource_args_are_a_mapping() -> None:
    with pytest.raises(ArgumentError, match="mapping"):
        launch_spec("j", ("e", "p"), "kubernetes", {}, None, ["a"])  # type: ignore[arg-type]
