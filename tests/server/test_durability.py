"""What the server acknowledged is there after it was killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

UPSERT = """mutation U($n: String!, $c: JSONString) {
  upsertBucket(input: {modelName: "p", name: $n, config: $c}) { inserted } }"""


def serve(data: Path) -> tuple[subprocess.Popen[str], str, str | None]:
    """Start a server; return the process, the URL and the key that it printed."""
    command = [sys.executable, "-m", "wandkit", "serve", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    url = re.search(r"http://\S+", process.stdout.readline())
    assert url is not None
    process.stdout.readline()
    key = None if (data / "known").exists() else process.stdout.readline().rpartition(" ")[2].strip()
    (data / "known").touch()
    return process, url.group(), key


def test_acknowledged_runs_survive_a_kill_in_the_middle_of_writes(tmp_path: Path) -> None:
    process, url, key = serve(tmp_path)
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(worker: int) -> None:
        with httpx.Client(auth=("api", key or ""), timeout=10) as client:
            for number in range(10_000):
                name = f"w{worker}-{number}"
                body = {"query": UPSERT, "variables": {"n": name, "c": '{"k":{"value":1}}'}}
                try:
                    answer = client.post(f"{url}/graphql", json=body)
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(name)
                if len(acknowledged) > 100:
                    enough.set()

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for writer in writers:
        writer.join()

    process, url, _ = serve(tmp_path)
    names: set[str] = set()
    after = None
    page = """query P($a: String) { project(name: "p") { runs(first: 1000, after: $a) {
      edges { node { name config } } pageInfo { endCursor hasNextPage } } } }"""
    while True:
        body = {"query": page, "variables": {"a": after}}
        runs = httpx.post(f"{url}/graphql", json=body, auth=("api", key or "")).json()["data"]["project"][
            "runs"
        ]
        names |= {
            edge["node"]["name"] for edge in runs["edges"] if edge["node"]["config"] == '{"k":{"value":1}}'
        }
        after = runs["pageInfo"]["endCursor"]
        if not runs["pageInfo"]["hasNextPage"]:
            break
    process.terminate()
    assert process.wait(20) == 0
    assert set(acknowledged) <= names
