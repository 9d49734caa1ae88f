"""The courier: takes what automations fired from the store and sends it, until it is received or given up.

A delivery is claimed by moving its due time ahead. Whoever claimed it and was killed loses the claim when
that time has come, so every delivery is tried at least once, by this process or by the next.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wandkit.server.automation_log import forget_deliveries
from wandkit.server.config import ServerConfig
from wandkit.server.database import Database, now, timestamp
from wandkit.server.integrations import find_secret
from wandkit.server.model.automation import Delivery
from wandkit.server.webhook import Outcome, Webhook, render, sign

__all__ = ["Courier"]

_log = logging.getLogger("wandkit.server")
_AT_ONCE = 8
_LEASE_MARGIN_S = 5.0
_MAX_WAIT_S = 3600.0
_FORGET_EVERY_S = 3600.0


@dataclass(frozen=True)
class _Task:
    delivery_id: int
    attempt: int
    webhook: Webhook


class Courier:
    """Delivers in threads of its own from `start` to `stop`."""

    def __init__(self, config: ServerConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._news = threading.Condition()
        self._awake = True
        self._changes = 0
        self._forget_next = 0.0
        self._stopped = False
        self._open: set[int] = set()
        self._sending: dict[int, Webhook] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver, with what earlier processes left."""
        self._database.on_fired = self.wake
        self._thread = threading.Thread(target=self._run, name="wandkit-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is under way is given up and stays due."""
        self._database.on_fired = None
        with self._news:
            self._stopped = True
            self._news.notify_all()
            sending = list(self._sending.values())
        for webhook in sending:
            webhook.abort()
        if self._thread is not None:
            self._thread.join()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to deliver; return whether it came to that in time."""
        deadline = time.monotonic() + timeout_s
        pending = select(Delivery.id).where(Delivery.state == "PENDING").limit(1)
        while True:
            with self._news:
                seen = self._changes
            with self._database.read() as session:
                if session.scalar(pending) is None:
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._news:
                if self._changes == seen:  # other processes deliver too, and tell nobody here
                    self._news.wait(min(left, max(self._config.settle_interval_s, 0.05)))

    def wake(self) -> None:
        """Look for deliveries now."""
        with self._news:
            self._awake = True
            self._changes += 1
            self._news.notify_all()

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wandkit-webhook") as pool:
            while not self._stopped:
                try:
                    self._forget_old()
                    for task in self._claim():
                        pool.submit(self._deliver, task)
                    wait_s = self._until_next()
                except SQLAlchemyError:
                    _log.exception("looking for deliveries failed; trying again later")
                    wait_s = self._config.settle_interval_s
                with self._news:
                    if not self._awake and not self._stopped:
                        self._news.wait(wait_s)
                    self._awake = False

    def _forget_old(self) -> None:
        """Delete what the log has kept for long enough, now and then."""
        if time.monotonic() < self._forget_next:
            return
        self._forget_next = time.monotonic() + _FORGET_EVERY_S
        with self._database.write() as session:
            forget_deliveries(session, _later(-self._config.keep_deliveries_s))

    def _tell(self) -> None:
        with self._news:
            self._changes += 1
            self._news.notify_all()

    def _claim(self) -> Iterable[_Task]:
        with self._news:
            under_way = list(self._open)
        free = _AT_ONCE - len(under_way)
        if free <= 0:
            return []
        due = select(Delivery).where(
            Delivery.state == "PENDING", Delivery.due_at <= now(), Delivery.id.not_in(under_way)
        )
        with self._database.read() as session:
            if session.scalars(due.limit(1)).first() is None:
                return []
        tasks: list[_Task] = []
        with self._database.write() as session:
            for found in session.scalars(due.order_by(Delivery.due_at, Delivery.id).limit(free)):
                webhook = self._prepared(session, found)
                if webhook is not None:
                    tasks.append(_Task(found.id, found.attempts, webhook))
        with self._news:
            self._open |= {task.delivery_id for task in tasks}
        self._tell()  # some may be over, because there was nothing to send them with
        return tasks

    def _prepared(self, session: Session, found: Delivery) -> Webhook | None:
        """Return the request of a delivery, now claimed; None where there is nothing to send it with."""
        integration = found.integration
        if integration is None or integration.url_endpoint is None:
            _finish(found, Outcome(error="the integration was deleted"))
            return None
        values: dict[str, str] = {}
        for reference in {integration.access_token_ref, integration.secret_ref} - {None}:
            secret = find_secret(session, integration.entity_id, str(reference))
            if secret is None:
                _finish(found, Outcome(error=f"the secret {reference} was deleted"))
                return None
            values[secret.name] = secret.value
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "wandkit",
            "X-Wandkit-Delivery": str(found.id),
        }
        if integration.access_token_ref is not None:
            values["ACCESS_TOKEN"] = values[integration.access_token_ref]
            headers["Authorization"] = f"Bearer {values['ACCESS_TOKEN']}"
        try:
            body = render(found.payload, json.loads(found.facts), values)
        except (ValueError, RecursionError):
            _finish(found, Outcome(error="the payload cannot be filled in"))
            return None
        if integration.secret_ref is not None:
            headers["X-Wandb-Signature"] = sign(values[integration.secret_ref], body)
        found.attempts += 1
        found.due_at = _later(self._config.webhook_timeout_s + _LEASE_MARGIN_S)
        allowed = self._config.allow_private_webhooks
        return Webhook(integration.url_endpoint, headers, body, self._config.webhook_timeout_s, allowed)

    def _deliver(self, task: _Task) -> None:
        try:
            with self._news:
                self._sending[task.delivery_id] = task.webhook
                stopped = self._stopped
            outcome = Outcome(again=True) if stopped else task.webhook.send()
            if self._stopped and outcome.again:
                self._release(task)
            else:
                self._record(task, outcome)
        except SQLAlchemyError:
            _log.exception("what became of a delivery could not be kept; it is tried again later")
        finally:
            with self._news:
                self._sending.pop(task.delivery_id, None)
                self._open.discard(task.delivery_id)
            self.wake()

    def _record(self, task: _Task, outcome: Outcome) -> None:
        with self._database.write() as session:
            found = session.get(Delivery, task.delivery_id)
            if found is None or found.state != "PENDING":
                return
            if outcome.again and task.attempt < self._config.webhook_attempts:
                found.status_code, found.error = outcome.status, outcome.error
                found.due_at = _later(self._config.webhook_retry_s * 2 ** (task.attempt - 1))
            else:
                _finish(found, outcome)

    def _release(self, task: _Task) -> None:
        """Give a claim back, as if there had been no try."""
        with self._database.write() as session:
            found = session.get(Delivery, task.delivery_id)
            if found is not None and found.state == "PENDING":
                found.attempts, found.due_at = task.attempt - 1, now()

    def _until_next(self) -> float:
        """Return how long nothing is due; other processes may fire too, so it is never very long."""
        longest = max(self._config.settle_interval_s, 0.05)
        with self._news:
            under_way = list(self._open)
        if len(under_way) >= _AT_ONCE:
            return longest
        first = select(Delivery.due_at).where(Delivery.state == "PENDING", Delivery.id.not_in(under_way))
        with self._database.read() as session:
            due = session.scalar(first.order_by(Delivery.due_at).limit(1))
        if due is None:
            return longest
        moment = datetime.strptime(due, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        left = (moment - datetime.now(timezone.utc)).total_seconds()
        return min(max(left, 0.005), longest)


def _finish(found: Delivery, outcome: Outcome) -> None:
    found.state = "FINISHED" if outcome.error is None else "FAILED"
    found.status_code, found.error = outcome.status, outcome.error
    found.finished_at = now()


def _later(seconds: float) -> str:
    return timestamp(datetime.now(timezone.utc) + timedelta(seconds=min(seconds, _MAX_WAIT_S)))
