"""`PUT` and `GET /storage/…`: contents in and out, by signed links and without credentials.

A link names one object and allows one method. Bodies are streamed to and from the disk; downloads take
`Range`.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from wandkit.server.blobs import Blob, BlobStore, BlobTooLargeError
from wandkit.server.config import ServerConfig
from wandkit.server.files import find_file, run_file_target, store_file
from wandkit.server.model.run import Run
from wandkit.server.model.stream import HistoryExport
from wandkit.server.signing import SignatureError, Signer, load_signing_key

__all__ = [
    "ROUTES",
    "answer_blob",
    "check_link",
    "etag",
    "export_target",
    "is_sent_digest",
    "make_services",
    "too_large",
]

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


def make_services(config: ServerConfig) -> dict[str, Any]:
    """Return the signer and the blob store, for routes and resolvers."""
    key = load_signing_key(config.data_dir)
    return {
        "signer": Signer(key, download_s=config.url_lifetime_s, upload_s=config.url_lifetime_s),
        "blobs": BlobStore(config.blob_dir, max_bytes=config.max_file_bytes),
    }


def export_target(export: HistoryExport) -> str:
    """Return what a link to an exported piece of history is signed for."""
    return f"storage/history/{export.id}/{export.id:04d}.parquet"


async def _upload_run_file(request: Request) -> Response:
    run_id, name = request.path_params["run_id"], request.path_params["name"]
    refusal = check_link(request, run_file_target(run_id, name)) or too_large(request)
    if refusal is not None:
        return refusal
    blobs = _blobs(request)
    try:
        blob = await blobs.receive(request.stream())
    except BlobTooLargeError as error:
        return PlainTextResponse(str(error), 413)
    except ClientDisconnect:
        return PlainTextResponse("the upload broke off", 400)
    if not is_sent_digest(request, blob):
        blobs.remove(blob.key)
        return PlainTextResponse("Content-MD5 does not fit the body", 400)
    stored = await run_in_threadpool(_store_run_file, request, run_id, name, blob)
    if not stored:
        blobs.remove(blob.key)
        return PlainTextResponse("the run is gone", 404)
    return Response(status_code=200, headers={"ETag": etag(blob.md5)})


def _store_run_file(request: Request, run_id: int, name: str, blob: Blob) -> bool:
    with request.app.state.database.write() as session:
        run = session.get(Run, run_id)
        if run is None or run.deleted_at is not None:
            return False
        store_file(session, _blobs(request), run_id, name, blob, request.headers.get("content-type"))
    return True


async def _download_run_file(request: Request) -> Response:
    run_id, name = request.path_params["run_id"], request.path_params["name"]
    refusal = check_link(request, run_file_target(run_id, name))
    if refusal is not None:
        return refusal
    return await run_in_threadpool(_find_run_file, request, run_id, name)


def _find_run_file(request: Request, run_id: int, name: str) -> Response:
    with request.app.state.database.read() as session:
        file = find_file(session, run_id, name)
    if file is None:
        return PlainTextResponse("no such file", 404)
    return answer_blob(request, Blob(file.blob, file.size, file.md5), name.rpartition("/")[2], file.mimetype)


async def _download_export(request: Request) -> Response:
    return await run_in_threadpool(_find_export, request)


def _find_export(request: Request) -> Response:
    with request.app.state.database.read() as session:
        export = session.get(HistoryExport, request.path_params["export_id"])
    if export is None:
        return PlainTextResponse("no such file", 404)
    refusal = check_link(request, export_target(export))
    if refusal is not None:
        return refusal
    blob = Blob(export.blob, export.size, export.md5)
    return answer_blob(request, blob, f"{export.id:04d}.parquet", "application/vnd.apache.parquet")


def answer_blob(request: Request, blob: Blob, name: str, mimetype: str) -> Response:
    """Return the answer that streams `blob`, or the part of it that the request asks for."""
    blobs = _blobs(request)
    if not blobs.path(blob.key).exists():
        return PlainTextResponse("no such file", 404)
    headers = {
        "ETag": etag(blob.md5),
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(name),
        "X-Content-Type-Options": "nosniff",
    }
    part = _part(request, blob)
    if part is None:
        headers["Content-Range"] = f"bytes */{blob.size}"
        return PlainTextResponse("the range is beyond the end of the file", 416, headers)
    start, end, partial = part
    headers["Content-Length"] = str(end - start)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
    else:
        headers["Content-MD5"] = blob.md5
    return StreamingResponse(
        blobs.send(blob.key, start, end), 206 if partial else 200, headers, media_type=mimetype
    )


def _part(request: Request, blob: Blob) -> tuple[int, int, bool] | None:
    """Return start, end (exclusive) and whether it is a part; None for a range that cannot be served."""
    whole = (0, blob.size, False)
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or not any(asked.groups()):
        return whole
    condition = request.headers.get("if-range")
    if condition is not None and condition != etag(blob.md5):
        return whole
    first, last = asked.groups()
    if not first:
        start, end = max(blob.size - int(last), 0), blob.size
    else:
        start, end = int(first), min(int(last) + 1, blob.size) if last else blob.size
        if last and int(last) < start:
            return whole
    return (start, end, True) if start < end else None


def check_link(request: Request, target: str) -> Response | None:
    signer: Signer = request.app.state.services["signer"]
    query = request.query_params
    try:
        signer.check(request.method, target, query.get("expires"), query.get("signature"))
    except SignatureError as error:
        return PlainTextResponse(str(error), 403)
    return None


def too_large(request: Request) -> Response | None:
    limit, length = request.app.state.config.max_file_bytes, request.headers.get("content-length", "")
    if limit is not None and length.isdigit() and int(length) > limit:
        return PlainTextResponse(f"the body is larger than {limit} bytes", 413)
    return None


def is_sent_digest(request: Request, blob: Blob) -> bool:
    sent = request.headers.get("content-md5", "").strip()
    return not sent or sent == blob.md5


def etag(md5: str) -> str:
    return f'"{b64decode(md5).hex()}"'


def _disposition(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _blobs(request: Request) -> BlobStore:
    blobs: BlobStore = request.app.state.services["blobs"]
    return blobs


ROUTES = [
    Route("/storage/run/{run_id:int}/{name:path}", _upload_run_file, methods=["PUT"]),
    Route("/storage/run/{run_id:int}/{name:path}", _download_run_file, methods=["GET"]),
    Route("/storage/history/{export_id:int}/{name}", _download_export, methods=["GET"]),
]
