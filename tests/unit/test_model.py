"""Generated models tolerate what a newer or odder server sends, and report what they leave out."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import Field, ValidationError

from wandkit._core.model import BaseModel, OpenEnum, Problem, Tolerant, UnknownMember
from wandkit._core.scalars import DateTime


class Color(OpenEnum):
    """An enum as generated."""

    RED = "RED"


class Node(BaseModel):
    """A node as generated."""

    node_id: str
    color: Optional[Color]  # noqa: UP045
    made_at: Optional[DateTime] = None  # noqa: UP045


class Edge(BaseModel):
    """An edge as generated."""

    node: Optional[Node]  # noqa: UP045


class Connection(BaseModel):
    """A connection as generated."""

    edges: list[Annotated[Edge, Tolerant("Connection.edges")]]


class Cat(BaseModel):
    """A union member as generated."""

    typename__: Literal["Cat"] = Field(alias="__typename")
    lives: int


class Owner(BaseModel):
    """A model with a union as generated."""

    pet: Annotated[Union[Cat, UnknownMember], Field(union_mode="left_to_right")]  # noqa: UP007


def page(*nodes: Any) -> bytes:
    """Return a page of nodes as bytes."""
    return json.dumps({"edges": [{"node": node} for node in nodes]}).encode()


def test_a_known_enum_value_is_its_member() -> None:
    """The same object, so that `is` works."""
    assert Color("RED") is Color.RED


def test_an_unknown_enum_value_is_kept() -> None:
    """As a member of the enum that equals its text, also through pickle."""
    found = Connection.model_validate_json(
        page({"nodeId": "1", "color": "ULTRAVIOLET"}), context={"problems": []}
    )
    color = found.edges[0].node.color  # type: ignore[union-attr]
    assert isinstance(color, Color)
    assert color == "ULTRAVIOLET"
    assert pickle.loads(pickle.dumps(color)).value == "ULTRAVIOLET"


def test_a_value_that_is_no_text_is_no_enum_value() -> None:
    """Open does not mean anything goes."""
    with pytest.raises(ValidationError):
        Node.model_validate({"nodeId": "1", "color": 7})


@pytest.mark.parametrize("decode", ["json", "python"])
def test_a_bad_node_is_left_out_and_reported(decode: str) -> None:
    """The others stay in order; the report names the list, the fault and the raw node."""
    body = page(
        {"nodeId": "1", "color": None}, {"nodeId": None, "color": None}, {"nodeId": "3", "color": None}
    )
    problems: list[Problem] = []
    if decode == "json":
        found = Connection.model_validate_json(body, context={"problems": problems})
    else:
        found = Connection.model_validate(json.loads(body), context={"problems": problems})
    assert [edge.node.node_id for edge in found.edges if edge.node] == ["1", "3"]
    assert problems == [
        Problem(
            "Connection.edges",
            "node.nodeId: Input should be a valid string",
            {"node": {"nodeId": None, "color": None}},
        )
    ]


def test_a_bad_node_fails_the_answer_where_nobody_listens() -> None:
    """Nothing is left out in silence."""
    with pytest.raises(ValidationError, match="does not fit"):
        Connection.model_validate_json(page({"nodeId": None, "color": None}))


def test_a_null_node_is_no_problem() -> None:
    """The schema allows it."""
    problems: list[Problem] = []
    found = Connection.model_validate_json(page(None), context={"problems": problems})
    assert (found.edges[0].node, problems) == (None, [])


def test_an_unknown_union_member_is_kept_raw() -> None:
    """With its type name and all that came with it."""
    found = Owner.model_validate_json('{"pet": {"__typename": "Dragon", "heads": 3}}')
    assert isinstance(found.pet, UnknownMember)
    assert (found.pet.typename__, found.pet.raw) == ("Dragon", {"heads": 3})


def test_a_known_union_member_is_its_model() -> None:
    """Tolerance costs the known nothing."""
    found = Owner.model_validate_json('{"pet": {"__typename": "Cat", "lives": 9}}')
    assert isinstance(found.pet, Cat)


def test_a_number_where_the_schema_says_text_is_that_text() -> None:
    """Some servers send ids as numbers."""
    assert Node.model_validate_json('{"nodeId": 12, "color": null}').node_id == "12"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2021-07-10T19:27:32", datetime(2021, 7, 10, 19, 27, 32, tzinfo=timezone.utc)),
        ("2021-07-10T19:27:32Z", datetime(2021, 7, 10, 19, 27, 32, tzinfo=timezone.utc)),
        (
            "2021-07-10T19:27:32.5+02:00",
            datetime(2021, 7, 10, 19, 27, 32, 500000, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_times_have_a_zone(text: str, wanted: datetime) -> None:
    """Without one they are UTC."""
    found = Node.model_validate({"nodeId": "1", "color": None, "madeAt": text}).made_at
    assert found == wanted
    assert found is not None
    assert found.tzinfo is not None


def test_models_do_not_change() -> None:
    """An answer is what the server said."""
    with pytest.raises(ValidationError, match="frozen"):
        Node(nodeId="1", color=None).node_id = "2"  # type: ignore[call-arg,misc]
