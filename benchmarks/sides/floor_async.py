"""The floor, async: asyncio streams, orjson, sixteen connections where requests are independent."""

from __future__ import annotations

import clock

# isort: split
import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import documents
import orjson

TASK = clock.task()
IN_FLIGHT = 16


class Connections:
    """A stack of open connections, each used by one request at a time."""

    def __init__(self, url: str) -> None:
        self.netloc = urlsplit(url).netloc
        self.host, port = self.netloc.split(":")
        self.port = int(port)
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, query: str, variables: dict) -> dict:
        if self.idle:
            reader, writer = self.idle.pop()
        else:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=16 * 1024 * 1024)
        body = orjson.dumps({"query": query, "variables": variables})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self.netloc}\r\nAuthorization: {documents.AUTHORIZATION}\r\n"
        )
        writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        data = await reader.readexactly(length)
        self.idle.append((reader, writer))
        return orjson.loads(data)["data"]["project"]


POOL = Connections(TASK.url)


def rows_of(texts: list[str]) -> list[dict]:
    return orjson.loads("[" + ",".join(texts) + "]")


async def in_order(jobs: list) -> AsyncIterator:
    """The results of `jobs` in order, sixteen under way at a time."""
    waiting = [asyncio.ensure_future(job) for job in jobs[:IN_FLIGHT]]
    rest = iter(jobs[IN_FLIGHT:])
    while waiting:
        yield await waiting.pop(0)
        if (job := next(rest, None)) is not None:
            waiting.append(asyncio.ensure_future(job))


async def runs() -> list[tuple[str, float, float]]:
    rows, after = [], None
    while True:
        page = (await POOL.ask(documents.RUNS, documents.variables(clock.RUNS, after=after)))["runs"]
        for edge in page["edges"]:
            node = edge["node"]
            config, summary = orjson.loads(node["config"]), orjson.loads(node["summaryMetrics"])
            rows.append((node["name"], config[clock.CONFIG]["value"], summary[clock.METRIC]))
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


async def scan(path: str, key: str | None) -> clock.Scan:
    last = (await POOL.ask(documents.KEYS, documents.variables(path)))["run"]["historyKeys"]["lastStep"]

    async def window(low: int) -> list[dict]:
        if key is None:
            sent = documents.variables(path, low=low, high=low + 1000)
            return rows_of((await POOL.ask(documents.WINDOW, sent))["run"]["history"])
        spec = {"keys": [key, "_step"], "minStep": low, "maxStep": low + 999, "samples": 1000}
        sent = documents.variables(path, spec=orjson.dumps(spec).decode())
        return (await POOL.ask(documents.SPEC, sent))["run"]["sampledHistory"][0]

    found, count, total = clock.Scan(), 0, 0.0
    async for rows in in_order([window(low) for low in range(0, last + 1, 1000)]):
        for row in rows:
            if count % 1000 == 0:
                found.whole.append(row)
            count += 1
            total += row[clock.METRIC]
    found.count, found.total = count, total
    return found


async def histories() -> dict[str, list]:
    page = (await POOL.ask(documents.RUNS, documents.variables(clock.HISTORIES)))["runs"]
    names = [edge["node"]["name"] for edge in page["edges"]]

    async def one(name: str) -> tuple[str, list[dict]]:
        sent = documents.variables(f"{clock.HISTORIES}/{name}")
        return name, rows_of((await POOL.ask(documents.SAMPLED, sent))["run"]["history"])

    columns: dict[str, list] = {"run_id": []}
    async for name, rows in in_order([one(name) for name in names]):
        columns["run_id"] += [name] * len(rows)
        for key in rows[0]:
            columns.setdefault(key, []).extend([row[key] for row in rows])
    return columns


async def main() -> None:
    if TASK.part == "J1":
        found = await POOL.ask(documents.RUN, documents.variables(f"{clock.RUNS}/{clock.FIRST_RUN}"))
        clock.report(clock.since(clock.STARTED), found["run"]["displayName"])
        return
    if TASK.part == "J4":
        import pandas
    started = clock.now()
    if TASK.part == "J2":
        rows = await runs()
        spent = clock.since(started)
        clock.report(spent, clock.Pairs(rows).text())
    elif TASK.part == "J4":
        frame = pandas.DataFrame(await histories())
        spent = clock.since(started)
        clock.report(spent, clock.frame_text(frame, clock.metrics_of(frame)))
    else:
        key = clock.METRIC if TASK.part == "J3 key" else None
        found = await scan(f"{clock.SCAN}/{clock.FIRST_RUN}", key)
        clock.report(clock.since(started), found.text())


asyncio.run(main())
