"""`POST /files/{entity}/{project}/{run}/file_stream`: how a running process reports itself.

The answer is an object in any case: {"exitcode": …, "limits": {}}, {"stopped": true} where the process should
stop, {"error": "text"} where the post was refused.
"""

from __future__ import annotations

import zlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wandkit.server.app import access_of, read_body
from wandkit.server.ingest import StreamError, StreamPost, apply, parse_post

__all__ = ["ROUTES"]


async def _file_stream(request: Request) -> Response:
    limit = request.app.state.config.max_request_bytes
    body = await read_body(request, limit)
    if body is None:
        return _refused(413, f"the body is larger than {limit} bytes")
    return await run_in_threadpool(_accept, request, body)


def _accept(request: Request, body: bytes) -> Response:
    try:
        post = parse_post(_plain(request, body))
    except StreamError as error:
        return _refused(400, str(error))
    path = request.path_params
    with request.app.state.database.write() as session:
        access = access_of(request, session)
        if access.user is None:
            return _refused(401, "user is not logged in")
        run = access.run(path["entity"], path["project"], path["run"])
        if run is None:
            return _refused(404, f"run {path['entity']}/{path['project']}/{path['run']} not found")
        if not access.writes(run.project):
            return _refused(403, "permission denied")
        try:
            _check_size(request, post)
        except StreamError as error:
            return _refused(400, str(error))
        apply(session, run, post)
        answer: dict[str, Any] = {"exitcode": run.exit_code, "limits": {}}
        if run.stop_requested and run.exit_code is None:
            answer["stopped"] = True
    return JSONResponse(answer)


def _plain(request: Request, body: bytes) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise StreamError(f"Content-Encoding {encoding!r} is not understood; send gzip or nothing")
    limit = request.app.state.config.max_request_bytes
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise StreamError(f"the body is not gzip: {error}") from None
    if len(plain) > limit:
        raise StreamError(f"the body inflates to more than {limit} bytes")
    if not inflate.eof:
        raise StreamError("the gzip body is cut short")
    return plain


def _check_size(request: Request, post: StreamPost) -> None:
    limit = request.app.state.config.max_summary_bytes
    if post.summary is not None and len(post.summary) > limit:
        raise StreamError(f"the summary is larger than {limit} bytes")


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


ROUTES = [Route("/files/{entity}/{project}/{run}/file_stream", _file_stream, methods=["POST"])]
