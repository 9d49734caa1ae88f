"""Manifests: announced, uploaded and read.

Texts: server/routes/artifact.py. What commit makes of them: server/artifact_commit.py.
"""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server import ids
from wandkit.server.artifact_blobs import manifest_target
from wandkit.server.files import check_name
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import Manifest
from wandkit.server.permissions import Refusal
from wandkit.server.resolvers.artifact import artifact_by_id
from wandkit.server.resolvers.artifact_file import pending_version

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()
manifest: ObjectType = ObjectType("ArtifactManifest")

BINDABLES: list[SchemaBindable] = [mutation, manifest]


@mutation.field("createArtifactManifest")
def resolve_create_manifest(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Announce a manifest, the one whole one of its name; the answer has the link to upload it."""
    context = context_of(info)
    owner = pending_version(context, input["artifactID"])
    kind, name = input.get("type") or "FULL", _manifest_name(input["name"])
    base = _base(context, input.get("baseArtifactID"))
    same = select(Manifest).where(Manifest.artifact_id == owner.id, Manifest.name == name)
    made = context.session.scalars(same).first() if kind == "FULL" else None
    if made is None or made.type != kind:
        made = Manifest(artifact=owner, type=kind, name=name, base_artifact_id=base)
        context.session.add(made)
    made.digest = input["digest"]
    context.session.flush()
    return {"artifactManifest": made}


@mutation.field("updateArtifactManifest")
def resolve_update_manifest(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Announce another text of a manifest that was announced before."""
    context = context_of(info)
    try:
        found = context.session.get(Manifest, ids.number("ArtifactManifest", input["artifactManifestID"]))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None:
        raise Refusal("artifact manifest not found", 404)
    pending_version(context, ids.encode("Artifact", found.artifact_id))
    if input.get("digest") is not None:
        found.digest = input["digest"]
    if input.get("baseArtifactID") is not None:
        found.base_artifact_id = _base(context, input["baseArtifactID"])
    return {"artifactManifest": found}


@manifest.field("id")
def resolve_manifest_id(parent: Manifest, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("ArtifactManifest", parent.id)


@manifest.field("file")
def resolve_manifest_file(parent: Manifest, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the manifest as a file: a link to read it, and one to upload it before the commit."""
    context = context_of(info)
    signer = context.services["signer"]
    target = manifest_target(parent)
    pending = parent.artifact.state == "PENDING"

    def upload_url() -> str | None:
        may = pending and context.access.writes(parent.artifact.sequence.project)
        return signer.url(context.base_url, "PUT", target) if may else None

    return {
        "id": ids.encode("ArtifactManifestFile", parent.id),
        "name": parent.name,
        "displayName": parent.name,
        "exists": parent.blob is not None,
        "isReference": False,
        "sizeBytes": parent.size,
        "md5": parent.md5,
        "digest": parent.digest or None,
        "mimetype": "application/json",
        "createdAt": parent.created_at,
        "directUrl": lambda: signer.url(context.base_url, "GET", target),
        "url": lambda: signer.url(context.base_url, "GET", target),
        "uploadUrl": upload_url,
        "uploadHeaders": [],
        "artifact": parent.artifact,
    }


def _base(context: Context, global_id: str | None) -> int | None:
    if not global_id:
        return None
    found = artifact_by_id(context.access, global_id)
    if found is None:
        raise Refusal("the base version was not found", 404)
    return found.id


def _manifest_name(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise Refusal(str(error)) from None
