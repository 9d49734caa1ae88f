"""Every field that the contract gives the nouns of this server can be asked for."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    build_schema,
    get_named_type,
)

if TYPE_CHECKING:
    from conftest import Caller

REFUSED = {"parameterImportance", "delta", "valueCounts"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(files("wandkit_generated").joinpath("schema.graphql").read_text(encoding="utf-8"))


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """Return a selection of all fields that need no argument, down to `depth` levels."""
    parts = ["__typename"]
    for name, field in kind.fields.items():
        needs_arguments = any(
            isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
            for argument in field.args.values()
        )
        if needs_arguments or name in REFUSED:
            continue
        named = get_named_type(field.type)
        if isinstance(named, GraphQLObjectType):
            if depth > 0:
                parts.append(f"{name} {{ {selection(named, depth - 1)} }}")
        elif isinstance(named, (GraphQLInterfaceType, GraphQLUnionType)):
            parts.append(f"{name} {{ __typename }}")
        else:
            parts.append(name)
    return " ".join(parts)


def share_a_view(ada: Caller) -> None:
    """Make a view with a share link."""
    view = {"entityName": "ada", "projectName": "all-fields", "spec": "{}"}
    document = "mutation New($input: UpsertViewInput!) { upsertView(input: $input) { view { id } } }"
    found = ada.data(document, input=view)["upsertView"]["view"]["id"]
    document = """mutation Share($input: CreateAccessTokenInput!) {
      createAccessToken(input: $input) { accessToken { id } }
    }"""
    projects = [{"entityName": "ada", "projectName": "all-fields"}]
    ada.data(document, input={"viewId": found, "projects": projects})


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("User", "{ viewer { %s } }"),
        ("Entity", '{ entity(name: "lab") { %s } }'),
        ("Project", '{ project(name: "all-fields") { %s } }'),
        ("Run", '{ project(name: "all-fields") { run(name: "r") { %s } } }'),
        ("RunConnection", '{ project(name: "all-fields") { runs { %s } } }'),
        ("ServerInfo", "{ serverInfo { %s } }"),
        ("ViewConnection", '{ project(name: "all-fields") { allViews { %s } } }'),
        ("View", "{ viewer { views { edges { node { %s } } } } }"),
        ("AccessToken", "{ viewer { views { edges { node { accessTokens { %s } } } } } }"),
    ],
)
def test_all_fields_of_a_noun_answer(ada: Caller, schema: GraphQLSchema, kind: str, document: str) -> None:
    ada.upsert("all-fields", "r", config='{"a":{"value":1}}')
    share_a_view(ada)
    found = schema.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    assert ada.data(document % selection(found, 1))
