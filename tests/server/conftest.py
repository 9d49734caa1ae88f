"""A server with people on it, and a plain HTTP caller for each of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from wandkit.testing import Server

__all__ = ["Caller", "House"]

if str(Path(__file__).parent) not in sys.path:  # for the modules that tests share
    sys.path.insert(0, str(Path(__file__).parent))


@dataclass(frozen=True)
class Caller:
    """Sends GraphQL documents as one user; without a user, without credentials."""

    client: httpx.Client

    def post(self, query: str, **variables: Any) -> httpx.Response:
        """Return the raw answer."""
        return self.client.post("/graphql", json={"query": query, "variables": variables})

    def data(self, query: str, **variables: Any) -> Any:
        """Return the data of an answer without errors."""
        response = self.post(query, **variables)
        body = response.json()
        assert "errors" not in body, body
        assert response.status_code == 200
        return body["data"]

    def refusal(self, query: str, **variables: Any) -> tuple[int, str]:
        """Return the status and the first message of an answer with errors."""
        response = self.post(query, **variables)
        message: str = response.json()["errors"][0]["message"]
        return response.status_code, message

    def upsert(self, project: str, name: str | None = None, **fields: Any) -> dict[str, Any]:
        """Make or change a run; return its `bucket`, with `inserted` beside."""
        answer = self.data(
            """mutation Upsert($input: UpsertBucketInput!) {
              upsertBucket(input: $input) {
                inserted
                bucket {
                  id name displayName state config summaryMetrics tags notes group jobType host commit
                }
              }
            }""",
            input={"modelName": project, "name": name, **fields},
        )["upsertBucket"]
        return {**answer["bucket"], "inserted": answer["inserted"]}

    def runs(self, project: str, entity: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Return a page of runs: `names`, `cursors` and the page info."""
        page = self.data(
            """query Page($entity: String, $project: String, $filters: JSONString, $order: String,
                          $first: Int, $after: String, $last: Int, $before: String, $names: [String]) {
              project(name: $project, entityName: $entity) {
                runCount(filters: $filters)
                runs(filters: $filters, order: $order, first: $first, after: $after, last: $last,
                     before: $before, names: $names) {
                  totalCount
                  edges { cursor node { name } }
                  pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
                }
              }
            }""",
            project=project,
            entity=entity,
            **arguments,
        )["project"]
        edges = page["runs"]["edges"]
        return {
            **page["runs"]["pageInfo"],
            "names": [edge["node"]["name"] for edge in edges],
            "cursors": [edge["cursor"] for edge in edges],
            "count": page["runCount"],
            "total": page["runs"]["totalCount"],
        }


@dataclass(frozen=True)
class House:
    """A server with an administrator `root`, the users `ada`, `bob`, `eve` and `mallory`, and the team `lab`.

    In `lab`, ada administers, bob is a member and eve a viewer. Mallory belongs to nothing.
    """

    server: Server
    call: Callable[[str | None], Caller]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Give one peopled server per module; tests use projects of their own."""
    clients: list[httpx.Client] = []
    # It looks for silent runs once in a day, so that what tests count of the store is their own.
    with Server(settle_interval_s=86400.0, heartbeat_timeout_s=4 * 86400.0) as server:
        server.add_user("root", admin=True)
        for name in ("ada", "bob", "eve", "mallory"):
            server.add_user(name)
        server.add_team("lab", {"ada": "admin", "bob": "member", "eve": "viewer"})

        def call(user: str | None) -> Caller:
            auth = None if user is None else ("api", server.key(user))
            clients.append(httpx.Client(base_url=server.url, auth=auth, timeout=30))
            return Caller(clients[-1])

        yield House(server, call)
        for client in clients:
            client.close()


@pytest.fixture
def ada(house: House) -> Caller:
    """Give the caller who administers the team `lab`."""
    return house.call("ada")


@pytest.fixture
def call_on() -> Iterator[Callable[[Server, str], Caller]]:
    """Give callers of servers that a test starts itself: by server and user."""
    clients: list[httpx.Client] = []

    def call(server: Server, user: str) -> Caller:
        auth = ("api", server.key(user))
        clients.append(httpx.Client(base_url=server.url, auth=auth, timeout=30))
        return Caller(clients[-1])

    yield call
    for client in clients:
        client.close()
