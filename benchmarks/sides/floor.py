"""The floor: http.client on one connection, orjson, loops that follow cursors. No retries, no types."""

from __future__ import annotations

import clock

# isort: split
import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import documents
import orjson

TASK = clock.task()
CONNECTION = http.client.HTTPConnection(urlsplit(TASK.url).netloc)
HEADERS = {"Authorization": documents.AUTHORIZATION, "Content-Type": "application/json"}


def ask(query: str, variables: dict) -> dict:
    CONNECTION.request("POST", "/graphql", orjson.dumps({"query": query, "variables": variables}), HEADERS)
    return orjson.loads(CONNECTION.getresponse().read())["data"]["project"]


def rows_of(texts: list[str]) -> list[dict]:
    return orjson.loads("[" + ",".join(texts) + "]")


def runs() -> Iterator[tuple[str, float, float]]:
    after = None
    while True:
        page = ask(documents.RUNS, documents.variables(clock.RUNS, after=after))["runs"]
        for edge in page["edges"]:
            node = edge["node"]
            config, summary = orjson.loads(node["config"]), orjson.loads(node["summaryMetrics"])
            yield node["name"], config[clock.CONFIG]["value"], summary[clock.METRIC]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def scan(path: str, key: str | None) -> Iterator[dict]:
    last = ask(documents.KEYS, documents.variables(path))["run"]["historyKeys"]["lastStep"]
    for low in range(0, last + 1, 1000):
        if key is None:
            sent = documents.variables(path, low=low, high=low + 1000)
            yield from rows_of(ask(documents.WINDOW, sent)["run"]["history"])
        else:
            spec = {"keys": [key, "_step"], "minStep": low, "maxStep": low + 999, "samples": 1000}
            sent = documents.variables(path, spec=orjson.dumps(spec).decode())
            yield from ask(documents.SPEC, sent)["run"]["sampledHistory"][0]


def histories() -> dict[str, list]:
    columns: dict[str, list] = {"run_id": []}
    page = ask(documents.RUNS, documents.variables(clock.HISTORIES))["runs"]
    for edge in page["edges"]:
        name = edge["node"]["name"]
        sent = documents.variables(f"{clock.HISTORIES}/{name}")
        rows = rows_of(ask(documents.SAMPLED, sent)["run"]["history"])
        columns["run_id"] += [name] * len(rows)
        for key in rows[0]:
            columns.setdefault(key, []).extend([row[key] for row in rows])
    return columns


def main() -> None:
    path = f"{clock.SCAN}/{clock.FIRST_RUN}"
    if TASK.part == "J1":
        found = ask(documents.RUN, documents.variables(f"{clock.RUNS}/{clock.FIRST_RUN}"))
        clock.report(clock.since(clock.STARTED), found["run"]["displayName"])
        return
    if TASK.part == "J4":
        import pandas
    started = clock.now()
    if TASK.part == "J2":
        pairs = clock.Pairs(runs())
        spent = clock.since(started)
        clock.report(spent, pairs.text(), pairs.text(TASK.limit))
    elif TASK.part == "J4":
        frame = pandas.DataFrame(histories())
        spent = clock.since(started)
        clock.report(spent, clock.frame_text(frame, clock.metrics_of(frame)))
    else:
        found = clock.Scan().read(scan(path, clock.METRIC if TASK.part == "J3 key" else None))
        clock.report(clock.since(started), found.text())


main()
