"""`wandkit admin integration`, `secret` and `deliveries`, as programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wandkit.testing import Server


def admin(data: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `wandkit admin …` on a store."""
    command = [sys.executable, "-m", "wandkit", "admin", *arguments, "--data", str(data)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a store with the user ada."""
    assert admin(tmp_path, "user", "add", "ada").returncode == 0
    return tmp_path


def test_a_webhook_with_a_secret_is_added_and_its_value_is_never_shown(data: Path) -> None:
    assert admin(data, "secret", "set", "ada", "TOKEN", typed="hush-hush\n").returncode == 0
    url = "https://example.com/hook"
    done = admin(data, "integration", "add-webhook", "ada", "hook", url, "--access-token", "TOKEN")
    assert (done.returncode, done.stdout) == (0, "added the webhook hook of ada\n")
    shown = admin(data, "integration", "list").stdout + admin(data, "secret", "list").stdout
    assert shown == "1\tada\tGENERIC_WEBHOOK\thook\nada\tTOKEN\n"


@pytest.mark.parametrize(
    "command", ["deliveries", "integration list", "secret list", "key list", "key revoke 1", "secret set a B"]
)
def test_a_folder_without_a_store_is_refused_and_stays_as_it_is(tmp_path: Path, command: str) -> None:
    done = admin(tmp_path / "typo", *command.split(), typed="x\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no store in {tmp_path / 'typo'}" in done.stderr
    assert not (tmp_path / "typo").exists()


def test_a_store_that_is_made_is_said(tmp_path: Path) -> None:
    first, again = (admin(tmp_path, "user", "add", name) for name in ("ada", "bob"))
    assert f"made a new store in {tmp_path}" in first.stderr
    assert (again.returncode, again.stderr) == (0, "")


def test_a_webhook_whose_secret_is_missing_is_refused(data: Path) -> None:
    done = admin(data, "integration", "add-webhook", "ada", "h", "https://example.com", "--secret", "NONE")
    assert done.returncode == 1
    assert "ada has no secret 'NONE'; add it with `wandkit admin secret set`" in done.stderr


def test_a_slack_channel_is_added(data: Path) -> None:
    assert admin(data, "integration", "add-slack", "ada", "us", "#runs").returncode == 0
    assert admin(data, "integration", "list").stdout == "1\tada\tSLACK\tus #runs\n"


@pytest.mark.parametrize(("name", "value"), [("a-b", "x"), ("1A", "x"), ("OK", "")])
def test_a_secret_that_cannot_be_used_is_refused(data: Path, name: str, value: str) -> None:
    assert admin(data, "secret", "set", "ada", name, typed=f"{value}\n").returncode == 1


def test_an_entity_that_is_not_there_is_named(data: Path) -> None:
    assert "no entity 'eve'" in admin(data, "integration", "add-slack", "eve", "us", "#runs").stderr


def test_a_state_that_no_delivery_has_is_refused(data: Path) -> None:
    done = admin(data, "deliveries", "--state", "done")
    assert (done.returncode, "FINISHED" in done.stderr) == (2, True)


def test_deliveries_are_listed(tmp_path: Path) -> None:
    from automating import automate, project_id, run_event
    from conftest import Caller
    from httpx import Client

    with Server(data_dir=tmp_path) as server:
        server.add_user("ada")
        hook = server.add_integration("ada", "hook", "http://127.0.0.1:9/")
        with Client(base_url=server.url, auth=("api", server.key("ada")), timeout=30) as client:
            caller = Caller(client)
            scope = project_id(caller, "ada", "p")
            started = run_event(run_state_filter={"states": ["RUNNING"]})
            automate(caller, scope, "RUN_STATE", started, hook=hook, name="sends")
            automate(caller, scope, "RUN_STATE", started, name="notes")
            caller.upsert("p", "r1")
        server.deliveries()
    lines = [line.split("\t") for line in admin(tmp_path, "deliveries").stdout.splitlines()]
    assert [line[2:6] for line in lines] == [
        ["sends", "RUN_STATE", "FAILED", "1 try"],
        ["notes", "RUN_STATE", "FINISHED", "0 tries"],
    ]
    failed = admin(tmp_path, "deliveries", "--state", "failed", "--json").stdout
    assert json.loads(failed)["facts"]["run_id"] == "r1"
    assert admin(tmp_path, "deliveries", "--automation", "none").stdout == ""
