"""The ASGI application: `POST /graphql` and the routes of `server/routes/`, over one store.

Every module of `server/resolvers/` that has a `BINDABLES` list and every module of `server/routes/` that has
a `ROUTES` list takes part; there is no other register.
"""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import anyio
from ariadne import ObjectType
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from wandkit.server import resolvers, routes
from wandkit.server.artifact_deletion import expire_versions
from wandkit.server.auth import key_from_header, user_of_key
from wandkit.server.blobs import BlobStore
from wandkit.server.config import ServerConfig
from wandkit.server.courier import Courier
from wandkit.server.database import Database
from wandkit.server.export import export_due
from wandkit.server.graphql import Context, GraphQLEngine
from wandkit.server.lifecycle import Settler
from wandkit.server.permissions import Access
from wandkit.server.purge import purge_deleted

__all__ = ["access_of", "base_url_of", "create_app", "read_body"]

_log = logging.getLogger("wandkit.server")
_EXPIRY_S = 60.0


def create_app(config: ServerConfig) -> Starlette:
    """Return the application of one server; it opens the store at once and closes it when it stops.

    `app.state` holds what routes and resolvers share: `config`, `database`, `settler`, `graphql`, `services`.
    """
    database = Database(config)
    settler = Settler(config, database)
    courier = Courier(config, database)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_settle_forever, settler, config)
            tasks.start_soon(_expire_forever, database, services["blobs"], config.keep_deleted_s)
            if config.export_after_s is not None:
                tasks.start_soon(_export_forever, database, services["blobs"], config, config.export_after_s)
            courier.start()
            yield
            await run_in_threadpool(courier.stop)
            tasks.cancel_scope.cancel()
        database.close()

    found_routes: list[BaseRoute] = [
        Route("/graphql", _graphql, methods=["POST"]),
        Route("/healthz", _healthz, methods=["GET"]),
    ]
    for module in _modules(routes):
        found_routes.extend(getattr(module, "ROUTES", ()))
    app = Starlette(routes=found_routes, lifespan=lifespan, exception_handlers={404: _no_such_page})
    bindables: list[ObjectType] = []
    services: dict[str, Any] = {}
    for module in _modules(resolvers):
        bindables.extend(getattr(module, "BINDABLES", ()))
    for module in (*_modules(routes), *_modules(resolvers)):
        if hasattr(module, "make_services"):
            services.update(module.make_services(config))
    app.state.config = config
    app.state.database = database
    app.state.settler = settler
    app.state.services = services
    app.state.graphql = GraphQLEngine(config, database, bindables)
    return app


def access_of(request: Request, session: Session) -> Access:
    """Return what the sender of a request may reach; a wrong key counts as none."""
    key = key_from_header(request.headers.get("authorization"))
    return Access(session, user_of_key(session, key) if key else None)


def base_url_of(request: Request) -> str:
    """Return the URL under which the sender reaches this server, without a trailing slash."""
    configured: str = request.app.state.config.base_url
    return configured.rstrip("/") or str(request.base_url).rstrip("/")


async def read_body(request: Request, limit: int) -> bytes | None:
    """Return the whole request body, or None where it is larger than `limit` bytes."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)


async def _graphql(request: Request) -> Response:
    body = await read_body(request, request.app.state.config.max_request_bytes)
    if body is None:
        return JSONResponse({"errors": [{"message": "request body too large"}]}, 413)
    return await run_in_threadpool(_execute, request, body)


def _execute(request: Request, body: bytes) -> Response:
    try:
        decoded = json.loads(body)
        if b"\\ud" in body.lower():
            json.dumps(decoded, ensure_ascii=False).encode()  # halves of surrogate pairs are no text
    except (ValueError, RecursionError):
        return JSONResponse({"errors": [{"message": "the request body is not JSON"}]}, 400)
    state = request.app.state
    state.settler.settle()
    key = key_from_header(request.headers.get("authorization"))

    def make_context(session: Session) -> Context:
        return Context(
            session=session,
            access=access_of(request, session),
            config=state.config,
            base_url=base_url_of(request),
            api_key=key,
            services=state.services,
        )

    try:
        answer = state.graphql.execute(decoded, make_context)
    except OperationalError as error:
        _log.error("the store did not answer: %s", error.orig)
        return JSONResponse({"errors": [{"message": "the store is busy"}]}, 503, {"Retry-After": "1"})
    return JSONResponse(answer.body, answer.status)


async def _export_forever(database: Database, blobs: BlobStore, config: ServerConfig, age_s: float) -> None:
    while True:
        await anyio.sleep(max(config.settle_interval_s, 0.05))
        try:
            await run_in_threadpool(export_due, database, blobs, age_s)
        except (SQLAlchemyError, OSError):
            _log.exception("exporting history failed; trying again later")


async def _settle_forever(settler: Settler, config: ServerConfig) -> None:
    while True:
        await anyio.sleep(max(config.settle_interval_s, 0.05))
        try:
            await run_in_threadpool(settler.settle)
        except SQLAlchemyError:
            _log.exception("looking for crashed runs failed; trying again later")


async def _expire_forever(database: Database, blobs: BlobStore, keep_deleted_s: float) -> None:
    while True:
        await anyio.sleep(_EXPIRY_S)
        try:
            await run_in_threadpool(expire_versions, database, blobs)
            await run_in_threadpool(purge_deleted, database, blobs, keep_deleted_s)
        except (SQLAlchemyError, OSError):
            _log.exception("removing what has expired or was deleted failed; trying again later")


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _no_such_page(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("404 page not found", 404)


def _modules(package: ModuleType) -> Iterable[ModuleType]:
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{module.name}")
