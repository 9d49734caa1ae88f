"""Default resource configs: made, read, replaced, deleted, and kept from others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

CREATE = """mutation Create($input: CreateDefaultResourceConfigInput!) {
  createDefaultResourceConfig(input: $input) { defaultResourceConfigID success }
}"""
READ = """query Read($id: ID!) {
  entity(name: "ada") {
    defaultResourceConfig(id: $id) { id config resource templateVariables { name schema } createdAt }
  }
}"""
DELETE = """mutation Delete($ids: [ID!]!) {
  deleteDefaultResourceConfigs(input: {defaultResourceConfigIDs: $ids}) { numAffected success }
}"""
CONFIG = {"resource_args": {"kubernetes": {"cpu": "{{cpu}}"}}}
VARIABLES = {"cpu": {"schema": {"type": "integer"}}}


def create(caller: Caller, **more: Any) -> str:
    """Make a config and return its id."""
    given = {
        "entityName": "ada",
        "resource": "kubernetes",
        "config": json.dumps(CONFIG),
        "templateVariables": json.dumps(VARIABLES),
        **more,
    }
    answer = caller.data(CREATE, input=given)["createDefaultResourceConfig"]
    assert answer["success"] is True
    return str(answer["defaultResourceConfigID"])


def read(caller: Caller, config: str) -> Any:
    """Return what the caller sees of a config."""
    entity = caller.data(READ, id=config)["entity"]
    return entity and entity["defaultResourceConfig"]


def test_a_config_is_read_as_it_was_made(ada: Caller) -> None:
    made = create(ada)
    found = read(ada, made)
    assert (found["id"], found["resource"], found["config"]) == (made, "kubernetes", CONFIG)
    assert found["templateVariables"] == [{"name": "cpu", "schema": '{"type": "integer"}'}]


def test_a_variable_may_have_a_name_beside_its_key(ada: Caller) -> None:
    variables = {"variable1": {"name": "gpu-count", "schema": {"type": "integer"}}}
    made = create(ada, templateVariables=json.dumps(variables))
    assert [one["name"] for one in read(ada, made)["templateVariables"]] == ["gpu-count"]


def test_a_config_can_be_replaced(ada: Caller) -> None:
    made = create(ada)
    text = """mutation Update($id: ID!, $config: JSONString!) {
      updateDefaultResourceConfig(input: {defaultResourceConfigID: $id, config: $config}) { success }
    }"""
    assert ada.data(text, id=made, config='{"a": 1}')["updateDefaultResourceConfig"]["success"] is True
    found = read(ada, made)
    assert (found["config"], len(found["templateVariables"])) == ({"a": 1}, 1)


def test_a_deleted_config_is_gone(ada: Caller) -> None:
    made = [create(ada), create(ada)]
    answer = ada.data(DELETE, ids=made)["deleteDefaultResourceConfigs"]
    assert answer == {"numAffected": 2, "success": True}
    assert read(ada, made[0]) is None


def test_a_queue_outlives_its_config(ada: Caller) -> None:
    made = create(ada)
    queue = {"entityName": "ada", "projectName": "queues", "queueName": "q", "access": "PROJECT"}
    text = "mutation Create($input: CreateRunQueueInput!) { createRunQueue(input: $input) { queueID } }"
    ada.data(text, input={**queue, "defaultResourceConfigID": made})
    ada.data(DELETE, ids=[made])
    text = (
        '{ project(name: "queues", entityName: "ada") { runQueue(name: "q") { defaultResourceConfigID } } }'
    )
    assert ada.data(text)["project"]["runQueue"] == {"defaultResourceConfigID": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"config": "nonsense"},
        {"config": "[]"},
        {"resource": ""},
        {"templateVariables": "[]"},
        {"templateVariables": '{"cpu": {"type": "integer"}}'},
        {"templateVariables": '{"cpu": {"schema": {"type": "whole"}}}'},
        {"templateVariables": '{"c p u": {"schema": {}}}'},
        {"templateVariables": '{"cpu": {"schema": {"type": "integer", "default": "x"}}}'},
    ],
)
def test_what_cannot_be_read_is_refused(ada: Caller, wrong: dict[str, str]) -> None:
    given = {"entityName": "ada", "resource": "kubernetes", "config": "{}", **wrong}
    assert ada.refusal(CREATE, input=given)[0] == 400


def test_the_configs_of_others_do_not_exist(house: House, ada: Caller) -> None:
    made = create(ada)
    mallory = house.call("mallory")
    assert read(mallory, made) is None
    assert mallory.refusal(DELETE, ids=[made])[0] == 404
    given = {"entityName": "ada", "resource": "kubernetes", "config": "{}"}
    assert mallory.refusal(CREATE, input=given)[0] == 404
