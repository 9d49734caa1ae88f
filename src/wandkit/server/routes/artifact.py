"""Contents of artifacts: uploads and downloads by signed links, and downloads by API key.

The links are made by server/resolvers/artifact_file.py. With a key, a content is found by its digest, in both
layouts that clients know: `/artifacts/{entity}/{hex}` and `/artifactsV2/{region}/{entity}/…`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wandkit.server import ids
from wandkit.server.app import access_of
from wandkit.server.artifact_blobs import (
    blob_target,
    blob_users,
    from_hex,
    known_blobs,
    known_by_xxh128,
    manifest_target,
    part_target,
    upload_target,
)
from wandkit.server.artifact_upload import (
    UploadRefused,
    attach,
    join_parts,
    store_manifest,
    store_part,
    whole_upload,
)
from wandkit.server.blobs import Blob, BlobStore, BlobTooLargeError
from wandkit.server.files import mimetype_of
from wandkit.server.model.artifact import Artifact, ArtifactBlob, ArtifactFile, Manifest, Upload
from wandkit.server.model.collection import CollectionMember
from wandkit.server.model.entity import Entity
from wandkit.server.permissions import Access
from wandkit.server.routes.storage import answer_blob, check_link, etag, is_sent_digest, too_large
from wandkit.server.versions import find_collection

__all__ = ["ROUTES"]

_BAD_DIGEST = "no such digest"


async def _upload_content(request: Request) -> Response:
    artifact_id, digest = request.path_params["artifact_id"], request.path_params["digest"]
    try:
        md5 = from_hex(digest)
    except ValueError:
        return PlainTextResponse(_BAD_DIGEST, 404)

    def store(session: Session, blob: Blob) -> None:
        artifact = session.get(Artifact, artifact_id)
        if artifact is None or artifact.state != "PENDING":
            raise UploadRefused("the version takes no more files", 409)
        if blob.md5 != md5:
            raise UploadRefused("the body has another digest than was announced")
        attach(session, _blobs(request), artifact, blob)

    return await _receive(request, upload_target(artifact_id, md5), store)


async def _upload_part(request: Request) -> Response:
    upload_id, number = request.path_params["upload_id"], request.path_params["number"]
    complete = False

    def store(session: Session, blob: Blob) -> None:
        nonlocal complete
        complete = store_part(session, _blobs(request), upload_id, number, blob)

    answer = await _receive(request, part_target(upload_id, number), store)
    if complete:
        await run_in_threadpool(_join, request, upload_id)
    return answer


def _join(request: Request, upload_id: str) -> None:
    """Join the parts while no lock is held: they may be many gigabytes."""
    database, blobs = request.app.state.database, _blobs(request)
    with database.read() as session:
        upload = session.get(Upload, upload_id)
        keys = [part.blob for part in upload.parts] if upload is not None else []
    if not keys or None in keys:
        return
    joined = join_parts(blobs, keys)
    with database.write() as session:
        upload = session.get(Upload, upload_id)
        if upload is None or whole_upload(session, blobs, upload, joined).key != joined.key:
            blobs.remove(joined.key)


async def _upload_manifest(request: Request) -> Response:
    def store(session: Session, blob: Blob) -> None:
        manifest = _find_manifest(session, request)
        if manifest is None:
            raise UploadRefused("no such manifest", 404)
        store_manifest(session, _blobs(request), manifest, blob)

    return await _receive(request, request.url.path.lstrip("/"), store)


async def _receive(request: Request, target: str, store: Callable[[Session, Blob], None]) -> Response:
    """Take a body under a signed link; `store` says what becomes of it, within a write transaction."""
    refusal = check_link(request, target) or too_large(request)
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
    try:
        await run_in_threadpool(_stored, request, blob, store)
    except UploadRefused as error:
        blobs.remove(blob.key)
        return PlainTextResponse(str(error), error.status)
    return Response(status_code=200, headers={"ETag": etag(blob.md5)})


def _stored(request: Request, blob: Blob, store: Callable[[Session, Blob], None]) -> None:
    with request.app.state.database.write() as session:
        store(session, blob)


async def _download_content(request: Request) -> Response:
    return await run_in_threadpool(_find_content, request)


def _find_content(request: Request) -> Response:
    entity_id, name = request.path_params["entity_id"], request.path_params["name"]
    try:
        md5 = from_hex(request.path_params["digest"])
    except ValueError:
        return PlainTextResponse(_BAD_DIGEST, 404)
    refusal = check_link(request, blob_target(entity_id, md5, name))
    if refusal is not None:
        return refusal
    with request.app.state.database.read() as session:
        content = known_blobs(session, entity_id, [md5]).get(md5)
    return _answer(request, content, name)


async def _download_manifest(request: Request) -> Response:
    return await run_in_threadpool(_read_manifest, request)


def _read_manifest(request: Request) -> Response:
    with request.app.state.database.read() as session:
        manifest = _find_manifest(session, request)
    if manifest is None or manifest.blob is None or manifest.md5 is None:
        return PlainTextResponse("no such file", 404)
    refusal = check_link(request, manifest_target(manifest))
    if refusal is not None:
        return refusal
    blob = Blob(manifest.blob, manifest.size, manifest.md5)
    return answer_blob(request, blob, manifest.name, "application/json")


def _find_manifest(session: Session, request: Request) -> Manifest | None:
    found = session.get(Manifest, request.path_params["manifest_id"])
    return found if found is not None and found.artifact_id == request.path_params["artifact_id"] else None


async def _download_by_key(request: Request) -> Response:
    return await run_in_threadpool(_find_by_key, request)


def _find_by_key(request: Request) -> Response:
    # The path as it was sent: an escaped slash in a file's name is none that parts the path.
    raw = request.scope.get("raw_path") or request.url.path.encode()
    parts = [unquote(part) for part in raw.decode("latin-1").partition("?")[0].split("/")[2:]]
    with request.app.state.database.read() as session:
        access = access_of(request, session)
        if access.user is None:
            return PlainTextResponse("user is not logged in", 401)
        try:
            content, name = _by_layout(access, request.url.path.startswith("/artifactsV2/"), parts)
        except ValueError:
            content, name = None, ""
    return _answer(request, content, name)


def _by_layout(access: Access, second: bool, parts: list[str]) -> tuple[ArtifactBlob | None, str]:
    """Return the content, if the caller may read it, and the name of the download."""
    if not second and len(parts) == 2:
        return _of_entity(access, parts[0], from_hex(parts[1])), parts[1]
    if second and len(parts) == 4:
        return _of_entity(access, parts[1], from_hex(parts[3])), parts[3]
    if second and len(parts) in (7, 8):
        _region, entity, project, collection, *middle, digest, name = parts
        version = middle[0] if len(middle) == 2 else None
        return _of_collection(access, (entity, project, collection), version, from_hex(digest)), name
    return None, ""


def _of_entity(access: Access, entity_name: str, digest: str) -> ArtifactBlob | None:
    entity = access.session.scalars(select(Entity).where(Entity.name == entity_name)).one_or_none()
    if entity is None:
        return None
    known = known_blobs(access.session, entity.id, [digest]) or known_by_xxh128(
        access.session, entity.id, [digest]
    )
    for content in known.values():
        users = access.session.scalars(blob_users(entity.id, content.md5))
        if any(access.reads(project) for project in users):
            return content
    return None


def _of_collection(
    access: Access, place: tuple[str, str, str], version: str | None, digest: str
) -> ArtifactBlob | None:
    entity, project_name, name = place
    project = access.project(entity, project_name)
    collection = None if project is None else find_collection(access.session, project.id, name)
    if collection is None:
        return None
    statement = (
        select(ArtifactBlob)
        .join(ArtifactFile, ArtifactFile.blob_id == ArtifactBlob.id)
        .join(CollectionMember, CollectionMember.artifact_id == ArtifactFile.artifact_id)
        .where(CollectionMember.collection_id == collection.id)
        .where(or_(ArtifactBlob.md5 == digest, ArtifactBlob.xxh128 == digest))
    )
    if version is not None:
        statement = statement.where(ArtifactFile.artifact_id == ids.number("Artifact", version))
    return access.session.scalars(statement.limit(1)).first()


def _answer(request: Request, content: ArtifactBlob | None, name: str) -> Response:
    if content is None:
        return PlainTextResponse("no such file", 404)
    blob = Blob(content.key, content.size, content.md5)
    return answer_blob(request, blob, name.rpartition("/")[2], mimetype_of(name))


def _blobs(request: Request) -> BlobStore:
    blobs: BlobStore = request.app.state.services["blobs"]
    return blobs


_UPLOAD = "/storage/artifact-upload/{artifact_id:int}/{digest}"
_PART = "/storage/artifact-part/{upload_id}/{number:int}"
_CONTENT = "/storage/artifact/{entity_id:int}/{digest}/{name}"
_MANIFEST = "/storage/manifest/{artifact_id:int}/{manifest_id:int}/{name:path}"

ROUTES: list[Any] = [
    Route(_UPLOAD, _upload_content, methods=["PUT"]),
    Route(_PART, _upload_part, methods=["PUT"]),
    Route(_CONTENT, _download_content, methods=["GET"]),
    Route(_MANIFEST, _upload_manifest, methods=["PUT"]),
    Route(_MANIFEST, _download_manifest, methods=["GET"]),
    Route("/artifacts/{rest:path}", _download_by_key, methods=["GET"]),
    Route("/artifactsV2/{rest:path}", _download_by_key, methods=["GET"]),
]
