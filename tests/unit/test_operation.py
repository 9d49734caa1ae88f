"""Compiled operations join to the text that a server understands."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest
from pydantic import BaseModel

from wandkit._core.operation import UNSET, Operation, Piece, given
from wandkit.errors import UnsupportedError


class Answer(BaseModel):
    """Stands for a generated model."""


OPERATION: Operation[Answer] = Operation(
    name="GetThing",
    kind="query",
    pieces=(
        Piece("query GetThing($id: ID!"),
        Piece(", $keys: [String!]", (frozenset({"Thing.new"}),)),
        Piece(") { thing(id: $id) { id"),
        Piece(" new(keys: $keys)", (frozenset({"Thing.new"}),)),
        Piece(" tags", (frozenset({"feature:TAGS"}), frozenset({"Thing.tags", "Tag"}))),
        Piece(" } }"),
    ),
    variables={"id": (), "keys": (frozenset({"Thing.new"}),)},
    gates=frozenset({"Thing.new", "feature:TAGS", "Thing.tags", "Tag"}),
    answer=lambda: Answer,
    idempotent=True,
)


def test_the_text_is_the_whole_document() -> None:
    """Nothing cut, for reading."""
    assert (
        OPERATION.text
        == "query GetThing($id: ID!, $keys: [String!]) { thing(id: $id) { id new(keys: $keys) tags } }"
    )


def test_a_missing_gate_takes_its_pieces_out() -> None:
    """Field and variable go together."""
    assert OPERATION.document({"Thing.new"}) == "query GetThing($id: ID!) { thing(id: $id) { id tags } }"


def test_a_piece_with_two_ways_needs_only_one() -> None:
    """Any of the sets, all of its gates."""
    assert "tags" in OPERATION.document({"Thing.tags"})
    assert "tags" not in OPERATION.document({"Thing.tags", "feature:TAGS"})


def test_gates_of_other_operations_do_not_make_another_document() -> None:
    """One text per set of own gates, the very same object."""
    assert OPERATION.document({"Thing.new", "feature:OTHER"}) is OPERATION.document({"Thing.new"})


def test_variables_follow_the_document() -> None:
    """A cut variable is not sent, and neither is one that the operation does not have."""
    values = {"id": "1", "keys": ["a"], "other": 2}
    assert OPERATION.sent(values) == {"id": "1", "keys": ["a"]}
    assert OPERATION.sent(values, {"Thing.new"}) == {"id": "1"}


def test_an_operation_that_a_server_lacks_wholly_says_so() -> None:
    """The error names the operation and the gate."""
    gates = frozenset({"Mutation.stop"})
    gone = Operation(
        "StopThing", "mutation", (Piece("mutation"),), {}, gates, lambda: Answer, True, when=(gates,)
    )
    with pytest.raises(UnsupportedError, match=r"StopThing asks for: Mutation\.stop") as caught:
        gone.document({"Mutation.stop"})
    assert caught.value.operation == "StopThing"


def test_a_compiled_operation_pickles_by_name() -> None:
    """It crosses to another process and is the same constant there."""
    from wandkit_generated.gql.operations import GET_VIEWER

    assert pickle.loads(pickle.dumps(GET_VIEWER)) is GET_VIEWER


def test_unset_variables_are_left_out_and_none_is_sent() -> None:
    """None means null on the wire; UNSET means nothing."""
    assert given({"a": UNSET, "b": None, "c": 0}) == {"b": None, "c": 0}
    assert not UNSET


def test_variables_become_plain_json() -> None:
    """Times as ISO texts in UTC, tuples and sets as lists, nested values too."""
    noon = datetime(2024, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert given({"at": noon, "names": ("a", "b"), "deep": {"x": {1}, "y": UNSET}}) == {
        "at": "2024-01-02T10:00:00+00:00",
        "names": ["a", "b"],
        "deep": {"x": [1]},
    }


NEW = frozenset({"Input.rank", "Input.hint"})
MUTATION: Operation[Answer] = Operation(
    name="PushThing",
    kind="mutation",
    pieces=(Piece("mutation PushThing"),),
    variables={
        "id": (),
        "firstRank": (frozenset({"Input.rank"}),),
        "hint": (frozenset({"Input.hint"}),),
    },
    gates=NEW,
    answer=lambda: Answer,
    idempotent=False,
    spare=frozenset({"hint"}),
)


def test_a_mutation_that_would_lose_a_value_is_refused_by_name() -> None:
    """The error names the argument as Python spells it, the host, and what the server lacks."""
    with pytest.raises(UnsupportedError, match=r"'first_rank' of PushThing; nothing was changed") as caught:
        MUTATION.check({"id": "1", "firstRank": 0}, {"Input.rank"}, "https://one.invalid")
    assert (caught.value.operation, caught.value.host) == ("PushThing", "https://one.invalid")
    assert "Input.rank" in caught.value.next_step


@pytest.mark.parametrize("value", [None, UNSET, [], {}])
def test_a_variable_that_says_nothing_is_not_missed(value: object) -> None:
    """Nobody asked for anything."""
    MUTATION.check({"id": "1", "firstRank": value}, NEW)
    assert MUTATION.sent({"id": "1", "firstRank": value}, NEW) == {"id": "1"}


def test_a_spare_variable_may_be_left_out() -> None:
    """Its author says that such a server does the same without."""
    MUTATION.check({"id": "1", "hint": "x"}, NEW)
    assert MUTATION.sent({"id": "1", "hint": "x"}, NEW) == {"id": "1"}


def test_a_query_may_go_without_what_was_given() -> None:
    """Its answer says less, and nothing is changed."""
    OPERATION.check({"id": "1", "keys": ["a"]}, {"Thing.new"})
    assert OPERATION.sent({"id": "1", "keys": ["a"]}, {"Thing.new"}) == {"id": "1"}
