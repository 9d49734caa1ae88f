"""Webhooks: what is sent, how often, where to, and what the log says of it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from automating import DELETE, automate, project_id, run_event
from conftest import Caller
from receiver import Receiver
from shelf import Shelf
from sqlalchemy import delete, select, update

from wandkit.server.automation_log import forget_deliveries
from wandkit.server.model.automation import Automation, Integration, Secret
from wandkit.server.webhook import Webhook, render
from wandkit.server.webhook_address import AddressRefused, check, connect, is_public
from wandkit.testing import Server

TOKEN, SECRET = "tok-5f1d9c", "sec-77aa01"
STARTS = run_event(run_state_filter={"states": ["RUNNING"]})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server that may send to loopback and does not wait long before it tries again."""
    settings: dict[str, Any] = {"webhook_timeout_s": 60.0, "webhook_retry_s": 0.01, "webhook_attempts": 3}
    with Server(allow_private_webhooks=True, **settings) as server:
        server.add_user("ada")
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a receiver of the test's own."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def ada(server: Server, call_on: Callable[[Server, str], Caller]) -> Caller:
    """Give the caller who owns the projects."""
    return call_on(server, "ada")


def watch(server: Server, caller: Caller, url: str, payload: Any = None, **options: Any) -> str:
    """Make a project whose starting runs send to `url`; return its name."""
    name = f"p{uuid.uuid4().hex[:8]}"
    hook = server.add_integration("ada", name, url, **options)
    scope = project_id(caller, "ada", name)
    automate(caller, scope, "RUN_STATE", STARTS, hook=hook, payload=payload, name=name)
    return name


def outcome(server: Server, name: str) -> Any:
    """Return the one delivery of an automation, once it is over."""
    (found,) = [entry for entry in server.deliveries() if entry.automation == name]
    return found


def test_a_run_that_starts_sends_its_payload(server: Server, ada: Caller, receiver: Receiver) -> None:
    payload = {"text": "${run_name} of ${entity_name}/${project_name}: ${run_state}", "list": ["${alias}", 1]}
    name = watch(server, ada, receiver.url, payload)
    ada.upsert(name, "r1", displayName="first")
    arrived = receiver.next()
    assert arrived.json == {"text": f"first of ada/{name}: running", "list": ["", 1]}
    assert arrived.path == "/hooks/1?for=wandb"
    assert arrived.headers["Content-Type"] == "application/json"


def test_without_a_payload_all_facts_are_sent(server: Server, ada: Caller, receiver: Receiver) -> None:
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    found = receiver.next().json
    assert (found["event_type"], found["project_name"], found["run_id"]) == ("RUN_STATE", name, "r1")


def test_the_facts_of_a_version_fill_the_payload(server: Server, ada: Caller, receiver: Receiver) -> None:
    name = f"p{uuid.uuid4().hex[:8]}"
    variables = [
        "event_type", "event_author", "project_name", "entity_name", "alias", "artifact_collection_name",
        "artifact_version_string", "artifact_version_index", "artifact_metadata.rows",
        "artifact_metadata.none", "nobody_knows",
    ]  # fmt: skip
    hook = server.add_integration("ada", name, receiver.url)
    scope = project_id(ada, "ada", name)
    payload = {variable: f"${{{variable}}}" for variable in variables}
    automate(ada, scope, "ADD_ARTIFACT_ALIAS", {"alias": "latest"}, hook=hook, payload=payload)
    made = Shelf(ada, "ada", name).log("data", {"a": b"1"}, metadata='{"rows": 3}')
    arrived = receiver.next().json
    assert made["versionIndex"] == 0
    assert arrived == {
        "event_type": "ADD_ARTIFACT_ALIAS",
        "event_author": "ada",
        "project_name": name,
        "entity_name": "ada",
        "alias": "latest",
        "artifact_collection_name": "data",
        "artifact_version_string": f"ada/{name}/data:latest",
        "artifact_version_index": "0",
        "artifact_metadata.rows": "3",
        "artifact_metadata.none": "",
        "nobody_knows": "${nobody_knows}",
    }


def test_a_value_cannot_change_the_structure_of_a_payload() -> None:
    body = render(
        '{"name": "${run_name}"}', {"run_name": '"}, {"x": "${ACCESS_TOKEN}'}, {"ACCESS_TOKEN": "t"}
    )
    assert json.loads(body) == {"name": '"}, {"x": "${ACCESS_TOKEN}'}


def test_the_token_and_the_signature_are_sent(server: Server, ada: Caller, receiver: Receiver) -> None:
    payload = {"token": "${ACCESS_TOKEN}", "password": "${PASSWORD}"}
    options = {"access_token": TOKEN, "secret": SECRET, "secret_name": "PASSWORD"}
    ada.upsert(watch(server, ada, receiver.url, payload, **options), "r1")
    arrived = receiver.next()
    expected = base64.b64encode(hmac.new(SECRET.encode(), arrived.body, hashlib.sha256).digest()).decode()
    assert arrived.headers["Authorization"] == f"Bearer {TOKEN}"
    assert arrived.headers["X-Wandb-Signature"] == expected
    assert arrived.json == {"token": TOKEN, "password": SECRET}


def test_without_secrets_nothing_is_signed(server: Server, ada: Caller, receiver: Receiver) -> None:
    ada.upsert(watch(server, ada, receiver.url), "r1")
    arrived = receiver.next()
    assert not {"Authorization", "X-Wandb-Signature"} & set(arrived.headers)


def test_secrets_are_in_no_log_and_no_answer(
    server: Server, ada: Caller, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.will_answer(500, 500, 500)
    payload = {"token": "${ACCESS_TOKEN}", "secret": "${PASSWORD}"}
    options = {"access_token": TOKEN, "secret": SECRET, "secret_name": "PASSWORD"}
    name = watch(server, ada, receiver.url, payload, **options)
    ada.upsert(name, "r1")
    assert outcome(server, name).state == "FAILED"
    with contextlib.closing(sqlite3.connect(server.data_dir / "wandkit.sqlite3")) as store:
        kept = json.dumps(store.execute("SELECT * FROM automation_delivery").fetchall())
    integrations = """{ entity { integrations { edges { node {
      ... on GenericWebhookIntegration { name urlEndpoint accessTokenRef secretRef } } } } } }"""
    shown = json.dumps(ada.data(integrations))
    for text in (caplog.text, kept, shown, repr(server.deliveries())):
        assert TOKEN not in text
        assert SECRET not in text


def test_a_failed_try_is_repeated(server: Server, ada: Caller, receiver: Receiver) -> None:
    receiver.will_answer(503, 429)
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    bodies = {receiver.next().body for _ in range(3)}
    found = outcome(server, name)
    assert len(bodies) == 1
    assert (found.state, found.attempts, found.status_code, found.error) == ("FINISHED", 3, 200, None)


def test_each_try_names_the_same_delivery(server: Server, ada: Caller, receiver: Receiver) -> None:
    receiver.will_answer(500)
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    numbers = [receiver.next().headers["X-Wandkit-Delivery"] for _ in range(2)]
    assert numbers == [str(outcome(server, name).id)] * 2


def test_tries_come_to_an_end(server: Server, ada: Caller, receiver: Receiver) -> None:
    receiver.will_answer(500, 500, 500)
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    found = outcome(server, name)
    assert (found.state, found.attempts, found.status_code) == ("FAILED", 3, 500)
    assert found.error == "the receiver answered 500"


def test_a_refusal_is_final(server: Server, ada: Caller, receiver: Receiver) -> None:
    receiver.will_answer(403)
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    found = outcome(server, name)
    assert (found.state, found.attempts, found.error) == ("FAILED", 1, "the receiver answered 403")


def test_redirects_are_not_followed(server: Server, ada: Caller, receiver: Receiver) -> None:
    receiver.will_answer(302, Location=receiver.url)
    name = watch(server, ada, receiver.url)
    ada.upsert(name, "r1")
    found = outcome(server, name)
    receiver.next()
    assert receiver.is_quiet
    assert (found.attempts, found.error) == (1, "the receiver answered 302; redirects are not followed")


def test_nobody_there_is_said_without_the_address(server: Server, ada: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    name = watch(server, ada, f"http://127.0.0.1:{port}/secret-path")
    ada.upsert(name, "r1")
    found = outcome(server, name)
    assert (found.state, found.attempts) == ("FAILED", 3)
    assert found.error.startswith("no connection to the receiver: ")
    assert "secret-path" not in found.error


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        found = Webhook(url, {}, b"{}", timeout_s=0.2, allow_private=True).send()
    assert (found.status, found.error) == (None, "the receiver did not answer within 0.2 s")
    assert found.again


def test_a_receiver_that_drips_is_given_up_too() -> None:
    def drip(server: socket.socket, stop: threading.Event) -> None:
        opened, _ = server.accept()
        with opened:
            while not stop.wait(0.05):
                try:
                    opened.sendall(b"H")
                except OSError:
                    return

    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server, stop))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        found = Webhook(url, {}, b"{}", timeout_s=0.3, allow_private=True).send()
        stop.set()
        thread.join()
    assert (found.status, found.again) == (None, True)


def test_what_an_automation_fired_is_sent_after_it_is_deleted(
    server: Server, ada: Caller, receiver: Receiver
) -> None:
    receiver.will_answer(500)
    name = f"p{uuid.uuid4().hex[:8]}"
    hook = server.add_integration("ada", name, receiver.url)
    made = automate(ada, project_id(ada, "ada", name), "RUN_STATE", STARTS, hook=hook, name=name)
    ada.upsert(name, "r1")
    ada.data(DELETE, id=made["id"])
    assert outcome(server, name).state == "FINISHED"


def test_a_secret_that_is_gone_ends_the_delivery(server: Server, ada: Caller, receiver: Receiver) -> None:
    name = watch(server, ada, receiver.url, secret=SECRET, secret_name="SHORT_LIVED")
    with server.app.state.database.write() as session:
        session.execute(delete(Secret).where(Secret.name == "SHORT_LIVED"))
    ada.upsert(name, "r1")
    found = outcome(server, name)
    assert (found.state, found.attempts, found.error) == ("FAILED", 0, "the secret SHORT_LIVED was deleted")
    assert receiver.is_quiet


def test_an_integration_that_is_gone_ends_the_delivery(
    server: Server, ada: Caller, receiver: Receiver
) -> None:
    name = watch(server, ada, receiver.url)
    with server.app.state.database.write() as session:
        hook = session.scalars(select(Integration).where(Integration.name == name)).one()
        session.execute(update(Automation).where(Automation.name == name).values(integration_id=None))
        session.delete(hook)
    ada.upsert(name, "r1")
    assert outcome(server, name).error == "the integration was deleted"


def test_a_host_that_is_no_name_is_said(server: Server, ada: Caller) -> None:
    name = watch(server, ada, f"http://{'a' * 70}.example/")
    ada.upsert(name, "r1")
    found = outcome(server, name)
    assert (found.state, found.attempts) == ("FAILED", 3)


def test_many_events_are_all_delivered(server: Server, ada: Caller, receiver: Receiver) -> None:
    name = watch(server, ada, receiver.url, {"run": "${run_id}"})
    for number in range(25):
        ada.upsert(name, f"r{number}")
    assert {receiver.next().json["run"] for _ in range(25)} == {f"r{number}" for number in range(25)}
    log = [entry for entry in server.deliveries() if entry.automation == name]
    assert {entry.state for entry in log} == {"FINISHED"}


def test_loopback_is_refused_unless_it_is_allowed(
    call_on: Callable[[Server, str], Caller], receiver: Receiver
) -> None:
    with Server() as server:
        server.add_user("ada")
        caller = call_on(server, "ada")
        name = watch(server, caller, receiver.url)
        caller.upsert(name, "r1")
        found = outcome(server, name)
    assert (found.state, found.attempts, found.status_code) == ("FAILED", 1, None)
    assert found.error == "the host has an address that is not public; this server sends nothing there"
    assert receiver.is_quiet


def test_a_name_is_judged_by_what_it_resolves_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(AddressRefused):
        connect("localhost", server.getsockname()[1], 5, allow_private=False)


def test_a_host_is_refused_where_one_of_its_addresses_is_private() -> None:
    with pytest.raises(AddressRefused):
        check(["93.184.216.34", "10.0.0.1"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b:1::7f00:1",
        "fec0::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700:4700::1111", "::ffff:93.184.216.34"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def test_a_kill_loses_no_delivery(tmp_path: Path, receiver: Receiver) -> None:
    key = "0123456789" * 4
    admin = [sys.executable, "-m", "wandkit", "admin", "user", "add", "ada", "--api-key", key]
    subprocess.run([*admin, "--data", str(tmp_path)], check=True, capture_output=True)
    process, url = serve(tmp_path)
    try:
        with httpx.Client(base_url=url, auth=("api", key), timeout=30) as client:
            caller = Caller(client)
            scope = project_id(caller, "ada", "p")
            with Server(data_dir=tmp_path) as beside:
                hook = beside.add_integration("ada", "hook", receiver.url)
            receiver.will_answer(503)
            automate(caller, scope, "RUN_STATE", STARTS, hook=hook, payload={"run": "${run_id}"})
            caller.upsert("p", "r1")
            receiver.next()
    finally:
        process.kill()
        process.communicate()
    make_due(tmp_path)
    with Server(data_dir=tmp_path, allow_private_webhooks=True, webhook_retry_s=0.01) as server:
        (found,) = server.deliveries(wait_s=60)
    assert found.state == "FINISHED"
    assert receiver.next().json == {"run": "r1"}


def test_the_log_forgets_what_was_over_long_ago(server: Server, ada: Caller, receiver: Receiver) -> None:
    name = watch(server, ada, receiver.url)
    for run in ("r1", "r2"):
        ada.upsert(name, run)
        found = [entry for entry in server.deliveries() if entry.automation == name]
    with server.app.state.database.write() as session:
        forget_deliveries(session, found[1].finished_at)
    kept = [entry.facts["run_id"] for entry in server.deliveries() if entry.automation == name]
    assert kept == ["r2"]


def make_due(data: Path) -> None:
    """Let the wait until the next try, or the claim of a killed process, be over."""
    with contextlib.closing(sqlite3.connect(data / "wandkit.sqlite3")) as store, store:
        store.execute("UPDATE automation_delivery SET due_at = created_at")


def serve(data: Path) -> tuple[subprocess.Popen[str], str]:
    """Start `wandkit serve` in a process of its own; return it and its URL."""
    command = [sys.executable, "-m", "wandkit", "serve", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--allow-private-webhooks"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    while "ready\n" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    found = re.search(r"http://\S+", printed)
    assert found is not None, printed
    return process, found[0]


def test_what_a_stopped_server_did_not_deliver_the_next_one_does(
    tmp_path: Path, call_on: Callable[[Server, str], Caller], receiver: Receiver
) -> None:
    receiver.will_answer(*[503] * 50)
    settings: dict[str, Any] = {"allow_private_webhooks": True, "webhook_retry_s": 3600.0}
    with Server(data_dir=tmp_path, **settings) as first:
        first.add_user("ada")
        caller = call_on(first, "ada")
        name = watch(first, caller, receiver.url)
        caller.upsert(name, "r1")
        receiver.next()
    make_due(tmp_path)
    receiver.answers = type(receiver.answers)()
    with Server(data_dir=tmp_path, **settings) as second:
        assert outcome(second, name).state == "FINISHED"
