"""The files of versions: listing them with links, asking for uploads, in parts too.

Contents: server/routes/artifact.py. Schema: schema/artifact.graphql.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.artifact_blobs import (
    blob_target,
    from_hex,
    known_blobs,
    part_target,
    to_hex,
    upload_target,
)
from wandkit.server.artifact_upload import attach, whole_upload
from wandkit.server.files import check_name, mimetype_of
from wandkit.server.filtering.order import Ordering, SortKey
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import Artifact, ArtifactFile, Upload, UploadPart
from wandkit.server.model.collection import CollectionMember
from wandkit.server.pagination import page
from wandkit.server.permissions import Refusal
from wandkit.server.references import resolve_references
from wandkit.server.resolvers.artifact import artifact_to_change

__all__ = ["BINDABLES", "file_page", "pending_version"]

mutation: MutationType = MutationType()
artifact: ObjectType = ObjectType("Artifact")
membership: ObjectType = ObjectType("ArtifactCollectionMembership")

BINDABLES: list[SchemaBindable] = [mutation, artifact, membership]

_MAX_PARTS = 10_000


@artifact.field("files")
def resolve_files(parent: Artifact, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the version's files by name, each with a link to its content."""
    return file_page(context_of(info), parent, arguments)


@membership.field("files")
def resolve_membership_files(
    parent: CollectionMember, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return the files of the version."""
    return file_page(context_of(info), parent.artifact, arguments)


@artifact.field("filesByManifestEntries")
def resolve_files_by_entries(
    parent: Artifact, info: GraphQLResolveInfo, *, entries: list[dict[str, Any]] | None = None, **_: object
) -> dict[str, Any]:
    """Return the files that these entries of the version's manifest mean, in their order."""
    context = context_of(info)
    wanted = _json_list([entry["name"] for entry in entries or ()])
    statement = select(ArtifactFile).where(
        ArtifactFile.artifact_id == parent.id, ArtifactFile.name.in_(select(wanted.c.value))
    )
    files = context.session.scalars(statement.options(joinedload(ArtifactFile.blob)))
    found = {file.name: file for file in files}
    targets = resolve_references(
        context.access, [file.ref for file in found.values() if file.ref is not None]
    )
    nodes = [
        _node(context, parent, found[entry["name"]], targets)
        for entry in entries or ()
        if entry["name"] in found and found[entry["name"]].digest == entry["digest"]
    ]
    return {
        "edges": [{"node": node, "cursor": str(place)} for place, node in enumerate(nodes)],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
        "totalCount": len(nodes),
        "uploadHeaders": [],
    }


@mutation.field("createArtifactFiles")
def resolve_create_files(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Return links to upload contents, in the order of the request; none for those that are here already."""
    context = context_of(info)
    specs = input["artifactFiles"]
    owners = {spec["artifactID"]: pending_version(context, spec["artifactID"]) for spec in specs}
    nodes: dict[int, dict[str, Any]] = {}
    for global_id, owner in owners.items():
        mine = {place: spec for place, spec in enumerate(specs) if spec["artifactID"] == global_id}
        nodes.update(_asked(context, owner, mine))
    edges = [{"node": nodes[place], "cursor": str(place)} for place in range(len(specs))]
    page_info = {"hasNextPage": False, "hasPreviousPage": False}
    return {"files": {"edges": edges, "pageInfo": page_info, "totalCount": len(edges), "uploadHeaders": []}}


@mutation.field("completeMultipartUploadArtifact")
def resolve_complete_multipart(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Join the parts of an upload; its content must have the digest that was announced."""
    context = context_of(info)
    owner = artifact_to_change(context.access, input["artifactID"])
    upload = _upload(context, owner, input["uploadID"])
    if upload.file.blob_id is not None:
        return {"digest": upload.file.digest}
    said = {part["partNumber"]: str(part["hexMD5"]).strip('"').lower() for part in input["completedParts"]}
    if any(said.get(part.number, part.hex_md5) != part.hex_md5 for part in upload.parts):
        raise Refusal("a completed part has another digest than the part that was announced")
    if any(part.blob is None for part in upload.parts) and upload.blob is None:
        raise Refusal("a part was not uploaded yet; upload it before completing")
    blob = whole_upload(context.session, context.services["blobs"], upload)
    if blob.md5 != upload.file.digest:
        raise Refusal("the joined parts have another digest than the content that was announced")
    attach(context.session, context.services["blobs"], owner, blob)
    upload.blob, upload.parts = None, []  # the content belongs to the store of contents from here on
    return {"digest": blob.md5}


@mutation.field("refreshMultipartUploadUrls")
def resolve_refresh_multipart(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Return fresh links for parts of an upload."""
    context = context_of(info)
    owner = artifact_to_change(context.access, input["artifactID"])
    upload = _upload(context, owner, input["uploadID"])
    known = {part.number for part in upload.parts}
    numbers = [part["partNumber"] for part in input["uploadPartsInput"]]
    if not known.issuperset(numbers):
        raise Refusal("the upload has no such part")
    return {"uploadUrlParts": _part_links(context, upload.id, numbers)}


def file_page(context: Context, owner: Artifact, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of a version's files."""
    statement = select(ArtifactFile).where(ArtifactFile.artifact_id == owner.id)
    names, kinds = arguments.get("names"), arguments.get("contentType")
    if names:
        wanted = _json_list(names)
        statement = statement.where(ArtifactFile.name.in_(select(wanted.c.value)))
    if kinds:
        statement = statement.where(ArtifactFile.mimetype.in_(kinds))
    order = Ordering((SortKey(ArtifactFile.name.expression, descending=False, nullable=False),))
    limit = context.config.max_page_size
    found = page(
        context.session, statement.options(joinedload(ArtifactFile.blob)), order, arguments, max_size=limit
    )
    files: list[ArtifactFile] = [edge["node"] for edge in found["edges"]]
    targets = resolve_references(context.access, [file.ref for file in files if file.ref is not None])
    for edge, file in zip(found["edges"], files, strict=True):
        edge["node"] = _node(context, owner, file, targets)
    counted = statement.with_only_columns(func.count())
    filtered = bool(names or kinds) or owner.state != "COMMITTED"
    found["totalCount"] = lambda: context.session.scalar(counted) if filtered else owner.file_count
    found["uploadHeaders"] = []
    return found


def _node(
    context: Context, owner: Artifact, file: ArtifactFile, targets: Mapping[str, ArtifactFile]
) -> dict[str, Any]:
    def link() -> str:
        content = file if file.ref is None else targets.get(file.ref)
        if content is None:
            return file.ref or ""
        holder = owner if content is file else content.artifact
        target = blob_target(holder.sequence.project.entity_id, _md5(content), file.name)
        url: str = context.services["signer"].url(context.base_url, "GET", target)
        return url

    return {
        **_facts(owner, file.name, file.digest),
        "md5": _md5(file),
        "id": ids.encode("ArtifactFile", owner.id, file.name),
        "exists": file.ref is not None or file.blob_id is not None,
        "isReference": file.ref is not None,
        "sizeBytes": file.size,
        "mimetype": file.mimetype or mimetype_of(file.name),
        "createdAt": file.created_at,
        "updatedAt": file.created_at,
        "directUrl": link,
        "url": link,
        "artifact": owner,
    }


def _md5(file: ArtifactFile) -> str:
    return file.digest if file.blob is None else file.blob.md5


def _facts(owner: Artifact, name: str, digest: str) -> dict[str, Any]:
    return {
        "name": name,
        "displayName": name,
        "digest": digest,
        "storagePath": f"wandb_artifacts/{owner.sequence.project.entity_id}/{owner.id}/{name}",
        "uploadHeaders": [],
    }


def _asked(
    context: Context, owner: Artifact, specs: Mapping[int, dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Note the files of one version that are to come; return their nodes by their place in the request."""
    session = context.session
    for spec in specs.values():
        _check(spec)
    known = known_blobs(session, owner.sequence.project.entity_id, {spec["md5"] for spec in specs.values()})
    wanted = _json_list([spec["name"] for spec in specs.values()])
    before = select(ArtifactFile).where(
        ArtifactFile.artifact_id == owner.id, ArtifactFile.name.in_(select(wanted.c.value))
    )
    rows = {file.name: file for file in session.scalars(before)}
    for spec in specs.values():
        row = rows.get(spec["name"])
        if row is None:
            row = rows[spec["name"]] = ArtifactFile(artifact_id=owner.id, name=spec["name"])
            session.add(row)
        content = known.get(spec["md5"])
        row.digest, row.mimetype = spec["md5"], mimetype_of(spec["name"], spec.get("mimetype"))
        row.blob_id = None if content is None else content.id
        row.size = 0 if content is None else content.size
        row.birth_id = owner.id if content is None else content.birth_id
    session.flush()
    births = {number: session.get(Artifact, number) for number in {row.birth_id for row in rows.values()}}
    return {
        place: {
            **_facts(owner, spec["name"], spec.get("digest") or spec["md5"]),
            "md5": spec["md5"],
            **_upload_links(context, owner, rows[spec["name"]], spec.get("uploadPartsInput") or ()),
            "id": ids.encode("ArtifactFile", owner.id, spec["name"]),
            "exists": rows[spec["name"]].blob_id is not None,
            "isReference": False,
            "sizeBytes": rows[spec["name"]].size,
            "mimetype": rows[spec["name"]].mimetype,
            "directUrl": "",
            "artifact": births[rows[spec["name"]].birth_id] or owner,
        }
        for place, spec in specs.items()
    }


def _check(spec: dict[str, Any]) -> None:
    try:
        check_name(spec["name"])
        to_hex(spec["md5"])
        for part in spec.get("uploadPartsInput") or ():
            from_hex(part["hexMD5"])
    except ValueError as error:
        raise Refusal(str(error)) from None


def _upload_links(
    context: Context, owner: Artifact, row: ArtifactFile, parts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    if row.blob_id is not None:
        return {"uploadUrl": None, "uploadMultipartUrls": None}
    url = context.services["signer"].url(context.base_url, "PUT", upload_target(owner.id, row.digest))
    if not parts:
        return {"uploadUrl": url, "uploadMultipartUrls": None}
    upload = _begin_upload(context, row, parts)
    numbers = [part.number for part in upload.parts]
    return {
        "uploadUrl": url,
        "uploadMultipartUrls": {
            "uploadID": upload.id,
            "uploadUrlParts": _part_links(context, upload.id, numbers),
        },
    }


def _begin_upload(context: Context, row: ArtifactFile, parts: Sequence[dict[str, Any]]) -> Upload:
    """Return the upload of these parts: the one that was begun before, with what arrived, else a new one."""
    numbers = {part["partNumber"]: part["hexMD5"].lower() for part in parts}
    if len(numbers) != len(parts) or not all(1 <= number <= _MAX_PARTS for number in numbers):
        raise Refusal(f"the parts of an upload have different numbers from 1 to {_MAX_PARTS}")
    for known in context.session.scalars(select(Upload).where(Upload.file_id == row.id)):
        if {part.number: part.hex_md5 for part in known.parts} == numbers:
            return known
    upload = Upload(
        id=secrets.token_hex(16),
        file_id=row.id,
        parts=[UploadPart(number=number, hex_md5=numbers[number]) for number in sorted(numbers)],
    )
    context.session.add(upload)
    context.session.flush()
    return upload


def _part_links(context: Context, upload_id: str, numbers: Sequence[int]) -> list[dict[str, Any]]:
    signer = context.services["signer"]
    return [
        {
            "partNumber": number,
            "uploadUrl": signer.url(context.base_url, "PUT", part_target(upload_id, number)),
        }
        for number in numbers
    ]


def _upload(context: Context, owner: Artifact, upload_id: str) -> Upload:
    found = context.session.get(Upload, upload_id)
    if found is None or found.file.artifact_id != owner.id:
        raise Refusal("upload not found", 404)
    return found


def pending_version(context: Context, global_id: str) -> Artifact:
    """Return a version that still takes files, and that the caller may change.

    Raises:
        Refusal: There is none, or it is committed or deleted.
    """
    found = artifact_to_change(context.access, global_id)
    if found.state != "PENDING":
        raise Refusal(f"the version is {found.state.lower()} and takes no more files", 409)
    return found


def _json_list(values: Sequence[str]) -> Any:
    return func.json_each(json.dumps(list(values))).table_valued("value", name=None)
