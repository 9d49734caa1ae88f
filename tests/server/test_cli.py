"""`wandkit serve` and `wandkit admin`, as programs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import wandkit

VIEWER = {"query": "{ viewer { username admin teams { edges { node { name } } } } }"}
Serve = Callable[..., tuple[subprocess.Popen[str], str, str]]


def admin(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `wandkit admin …` on a store."""
    command = [sys.executable, "-m", "wandkit", "admin", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def viewer(url: str, key: str) -> httpx.Response:
    """Ask who the key belongs to."""
    return httpx.post(f"{url}/graphql", json=VIEWER, auth=("api", key), timeout=60)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that starts `wandkit serve` and returns process, URL and what it printed until then."""
    started: list[subprocess.Popen[str]] = []

    def start(data: Path, *arguments: str) -> tuple[subprocess.Popen[str], str, str]:
        command = [sys.executable, "-m", "wandkit", "serve", "--port", "0", "--data", str(data), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        assert process.stdout is not None
        printed = ""
        while "ready\n" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        found = re.search(r"http://\S+", printed)
        assert found is not None, printed
        return process, found[0], printed

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_first_start_makes_an_admin_and_shows_the_key_once(tmp_path: Path, serve: Serve) -> None:
    process, url, printed = serve(tmp_path)
    key = re.search(r"API key of admin \(shown only now\): (\S+)", printed)
    assert key is not None
    assert viewer(url, key[1]).json()["data"]["viewer"]["admin"] is True
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    _, url, printed = serve(tmp_path)
    assert "API key" not in printed
    assert viewer(url, key[1]).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, serve: Serve, number: signal.Signals) -> None:
    process, url, _ = serve(tmp_path)
    httpx.get(f"{url}/healthz", timeout=60)
    process.send_signal(number)
    assert process.wait(60) == 0
    assert process.stdout is not None
    assert process.stdout.read() == ""


def test_a_port_in_use_is_said(tmp_path: Path, serve: Serve) -> None:
    _, url, _ = serve(tmp_path)
    command = [
        sys.executable,
        "-m",
        "wandkit",
        "serve",
        "--port",
        url.rpartition(":")[2],
        "--data",
        str(tmp_path),
    ]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "cannot listen on" in second.stderr
    assert "--port" in second.stderr


def test_a_store_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "wandkit.sqlite3").write_text("no database, and longer than the head of one")
    command = [sys.executable, "-m", "wandkit", "serve", "--port", "0", "--data", str(tmp_path)]
    served = subprocess.run(command, capture_output=True, text=True, check=False)
    for done in (served, admin(tmp_path, "user", "add", "ada")):
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "file is not a database" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_a_new_store_is_its_owners_alone(tmp_path: Path, serve: Serve) -> None:
    serve(tmp_path / "store")
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_the_version_is_said() -> None:
    command = [sys.executable, "-m", "wandkit", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"wandkit {wandkit.__version__}\n"


def test_users_and_teams_are_added_while_the_server_runs(tmp_path: Path, serve: Serve) -> None:
    _, url, _ = serve(tmp_path)
    key = "0123456789" * 4
    for arguments in (
        ["user", "add", "ada", "--api-key", key],
        ["org", "add", "acme"],
        ["team", "add", "lab", "--org", "acme", "--member", "ada:admin"],
    ):
        assert admin(tmp_path, *arguments).returncode == 0
    found = viewer(url, key).json()["data"]["viewer"]
    assert (found["username"], found["admin"]) == ("ada", False)
    assert "lab" in [edge["node"]["name"] for edge in found["teams"]["edges"]]


def test_a_key_that_is_made_is_printed_and_works(tmp_path: Path, serve: Serve) -> None:
    _, url, _ = serve(tmp_path)
    printed = admin(tmp_path, "user", "add", "bob", "--admin").stdout
    assert viewer(url, printed.split()[-1]).json()["data"]["viewer"]["admin"] is True


def test_a_revoked_key_stops_working_at_once(tmp_path: Path, serve: Serve) -> None:
    _, url, _ = serve(tmp_path)
    key = "0123456789" * 4
    admin(tmp_path, "user", "add", "ada", "--api-key", key)
    listed = [
        line.split("\t") for line in admin(tmp_path, "key", "list", "--user", "ada").stdout.splitlines()
    ]
    assert [(entry[1], entry[2]) for entry in listed] == [("ada", "…6789")]
    assert admin(tmp_path, "key", "revoke", listed[0][0]).returncode == 0
    assert viewer(url, key).status_code == 401


def test_keys_are_stored_hashed(tmp_path: Path) -> None:
    key = "0123456789" * 4
    admin(tmp_path, "user", "add", "ada", "--api-key", key)
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["user", "add", "no/slash"], "invalid name"),
        (["team", "add", "lab", "--member", "ghost:admin"], "no user 'ghost'"),
        (["team", "add", "lab", "--org", "none"], "no organization 'none'"),
        (["key", "revoke", "99"], "no key number 99"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    assert admin(tmp_path, "org", "add", "acme").returncode == 0
    answer = admin(tmp_path, *arguments)
    assert answer.returncode == 1
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
    assert admin(tmp_path, "team", "add", "lab").returncode == 0
