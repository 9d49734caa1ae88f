"""Artifacts that the official clients log to the embedded server and get back from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Client


def test_an_official_client_keeps_its_artifacts_here(client: Client) -> None:
    got = client.run("keep_artifacts.py", f"kept-{client.version}")
    assert got["versions"] == ["v0", "v0", "v1", "v0"]
    assert got["found"] == ["changed", {"rows": 2, "more": [1]}, ["best", "better"], 6, 4]
    assert got["got"] == {"data/a.txt": 1, "data/deep/er/ü n.txt": 2, "data/empty": 0, "far": 3}
    assert (got["many"], got["linked"]) == (1000, ["v0", "data:v0", ["latest", "prod"]])
    assert got["files"] == ["data/a.txt", "data/deep/er/ü n.txt", "data/empty", "far"]
    assert got["collections"] == {"data": True, "many": True, "portfolio": False}
    assert (got["types"], got["listed"], got["left"]) == (["dataset"], ["v1", "v0"], ["v1"])
    assert (got["outputs"], got["inputs"]) == (["data:v0", "data:v1", "many:v0"], ["data:v0"])
    assert (got["used_by"], "refused" in got) == (True, True)


def test_both_official_clients_give_one_digest(newest: Client, oldest: Client) -> None:
    digests = [
        client.run("keep_artifacts.py", f"digest-{client.version}")["digest"] for client in (newest, oldest)
    ]
    assert digests[0] == digests[1]


def test_writers_increments_and_registries_work_with_the_newest_client(newest: Client) -> None:
    with Server() as server:
        server.add_user("ada", newest.key)
        server.add_organization("acme")
        server.add_team("crew", {"ada": "admin"}, organization="acme")
        got = replace(newest, url=server.url).run("share_artifacts.py", "shared", "acme", "crew")
    assert (got["distributed"], got["incremental"]) == (["a", "b"], ["a", "b", "c"])
    assert got["registry"] == ["wandb-registry-models", "organization", ["model"]]
    assert got["link"] == ["wandb-registry-models/best:v0", ["latest", "prod"], True]
    assert (got["download"], got["draft"]) == (["a", "b", "c"], ["b", "c"])
    assert (got["registries"], got["collections"], got["searched"]) == (["models"], ["best"], ["best:v0"])
    assert (got["members"], got["teams"]) == ([["ada", "admin"]], [["crew", "member"]])
    assert (got["tagged"], got["unlinked"]) == (["v2"], False)
