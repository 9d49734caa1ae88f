"""What was acknowledged is there after `kill -9`; several processes may write to one store; a program that
ends in the middle of a run still sends what it logged.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

KEY = "0123456789" * 4
UPSERT = """mutation Upsert($name: String!) {
  upsertBucket(input: {name: $name, modelName: "p", entityName: "ada"}) { inserted } }"""
READ = """query Read($name: String!) { project(name: "p", entityName: "ada") { run(name: $name) {
  historyLineCount history(samples: 1000000) files { edges { node { name sizeBytes directUrl } } } } } }"""
CREATE = """mutation Create($name: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: "ada", projectName: "p", runName: $name, files: $files}) {
    files { uploadUrl } } }"""

LOG = """
import sys
from wandkit import Api

run = Api({"base_url": sys.argv[1]}, api_key=sys.argv[2]).create_run(project="p", run_id="left")
run.log([{"a": number} for number in range(5)])
sys.exit(3)
"""


class Process:
    """One `wandkit serve` on a store."""

    def __init__(self, data: Path) -> None:
        command = [sys.executable, "-m", "wandkit", "serve", "--port", "0", "--data", str(data)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        printed = ""
        while "ready\n" not in printed:
            line = self.process.stdout.readline()
            assert line, printed
            printed += line
        found = re.search(r"http://\S+", printed)
        assert found is not None, printed
        self.client = httpx.Client(base_url=found[0], auth=("api", KEY), timeout=30)

    def graphql(self, document: str, **variables: object) -> dict[str, object]:
        """Return the data of an answer."""
        answer = self.client.post("/graphql", json={"query": document, "variables": variables})
        data: dict[str, object] = answer.json()["data"]
        return data

    def kill(self) -> None:
        """Kill it without warning."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.client.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a store with the user ada."""
    command = [
        sys.executable,
        "-m",
        "wandkit",
        "admin",
        "user",
        "add",
        "ada",
        "--api-key",
        KEY,
        "--data",
        str(tmp_path),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Give a list; what is put into it is killed at the end."""
    running: list[Process] = []
    yield running
    for process in running:
        process.kill()


def stream(server: Process, name: str, offset: int, count: int = 20) -> bool:
    """Send rows and return whether they were acknowledged."""
    content = [json.dumps({"_step": step, "x": step}) for step in range(offset, offset + count)]
    body = {"files": {"wandb-history.jsonl": {"offset": offset, "content": content}}}
    try:
        return server.client.post(f"/files/ada/p/{name}/file_stream", json=body).status_code == 200
    except httpx.TransportError:
        return False


def test_rows_that_were_acknowledged_survive_a_kill(data: Path, processes: list[Process]) -> None:
    server = Process(data)
    processes.append(server)
    server.graphql(UPSERT, name="r")
    acknowledged = 0
    enough = threading.Event()

    def write() -> None:
        nonlocal acknowledged
        while stream(server, "r", acknowledged):
            acknowledged += 20
            if acknowledged >= 2000:
                enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(30)
    server.process.kill()
    writer.join()
    again = Process(data)
    processes.append(again)
    run = again.graphql(READ, name="r")["project"]["run"]  # type: ignore[index]
    steps = [json.loads(row)["_step"] for row in run["history"]]
    assert steps == list(range(len(steps)))
    assert len(steps) == run["historyLineCount"] >= acknowledged >= 2000


def test_an_upload_is_whole_or_absent_after_a_kill(data: Path, processes: list[Process]) -> None:
    server = Process(data)
    processes.append(server)
    server.graphql(UPSERT, name="r")
    first_piece = threading.Event()

    def slow_body() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        first_piece.set()
        server.process.wait(30)
        yield b"y"

    answer = server.graphql(CREATE, name="r", files=["whole.bin", "half.bin"])
    whole, half = (file["uploadUrl"] for file in answer["createRunFiles"]["files"])  # type: ignore[index]
    assert httpx.put(whole, content=b"w" * 100_000, timeout=60).status_code == 200
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(httpx.put, half, content=slow_body())
        assert first_piece.wait(30)
        server.process.kill()
        assert isinstance(upload.exception(30), httpx.TransportError)
    again = Process(data)
    processes.append(again)
    edges = again.graphql(READ, name="r")["project"]["run"]["files"]["edges"]  # type: ignore[index]
    assert [(edge["node"]["name"], edge["node"]["sizeBytes"]) for edge in edges] == [("whole.bin", 100_000)]
    assert httpx.get(edges[0]["node"]["directUrl"], timeout=60).content == b"w" * 100_000


def test_two_processes_write_to_one_store(data: Path, processes: list[Process]) -> None:
    processes += [Process(data), Process(data)]

    def write(number: int) -> bool:
        server = processes[number % 2]
        server.graphql(UPSERT, name=f"r{number}")
        return all(stream(server, f"r{number}", offset) for offset in range(0, 200, 20))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write, range(8)))
    for number in range(8):
        other = processes[(number + 1) % 2]
        run = other.graphql(READ, name=f"r{number}")["project"]["run"]  # type: ignore[index]
        assert (run["historyLineCount"], len(run["history"])) == (200, 200)


def test_two_processes_may_write_to_one_run(data: Path, processes: list[Process]) -> None:
    processes += [Process(data), Process(data)]
    processes[0].graphql(UPSERT, name="r")
    chunks = [(processes[number % 2], offset) for number, offset in enumerate([*range(0, 400, 20)] * 2)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda chunk: stream(chunk[0], "r", chunk[1]), chunks))
    run = processes[0].graphql(READ, name="r")["project"]["run"]  # type: ignore[index]
    assert [json.loads(row)["_step"] for row in run["history"]] == list(range(400))


def test_a_program_that_ends_without_finishing_its_run_loses_no_row(
    data: Path, processes: list[Process]
) -> None:
    processes.append(Process(data))
    url = str(processes[0].client.base_url)
    ended = subprocess.run([sys.executable, "-c", LOG, url, KEY], check=False)
    found: Any = processes[0].graphql(READ, name="left")
    assert (ended.returncode, found["project"]["run"]["historyLineCount"]) == (3, 5)
