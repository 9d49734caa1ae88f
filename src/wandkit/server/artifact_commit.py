"""Committing a version: its manifest read, checked against what was uploaded, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from wandkit.server import ids
from wandkit.server.artifact_blobs import (
    drop_manifests,
    drop_uploads,
    keep,
    known_blobs,
    known_by_xxh128,
    release,
)
from wandkit.server.blobs import Blob, BlobStore
from wandkit.server.database import now
from wandkit.server.files import mimetype_of
from wandkit.server.manifest import Entry, join, parse, render
from wandkit.server.manifest import Manifest as Parsed
from wandkit.server.model.artifact import Artifact, ArtifactBlob, ArtifactFile, Manifest
from wandkit.server.permissions import Access, Refusal
from wandkit.server.versions import LATEST, add_member, set_aliases

__all__ = ["commit", "grant_aliases"]

_SHOWN = 3


def commit(access: Access, blobs: BlobStore, artifact: Artifact) -> None:
    """Make a pending version permanent: it gets its number, its aliases and `latest`.

    Raises:
        Refusal: The manifest is missing or malformed, lacks uploads, or has another digest than was said.
    """
    session = access.session
    parsed, whole = _joined(session, blobs, artifact)
    found = _contents(access, blobs, artifact, parsed.entries)
    digest = parsed.digest(artifact.digest_algorithm)
    if whole is not None and artifact.digest != digest:
        raise Refusal(
            f"the manifest's entries have the digest {digest}, not {artifact.digest} as the version was "
            "created with; create it again"
        )
    artifact.digest = digest
    _replace_files(session, blobs, artifact, parsed.entries, found)
    _keep_manifest(session, blobs, artifact, parsed, whole)
    artifact.size = sum(_size(entry, found) for entry in parsed.entries.values())
    artifact.file_count = len(parsed.entries)
    artifact.state, artifact.committed_at = "COMMITTED", now()
    add_member(session, artifact.sequence, artifact)
    grant_aliases(session, artifact, [*artifact.wanted_aliases, [artifact.sequence.name, LATEST]])
    artifact.wanted_aliases = []
    session.flush()


def grant_aliases(session: Session, artifact: Artifact, pairs: Iterable[Iterable[str]]) -> None:
    """Point aliases of the version's sequence, given as `[collection name, alias]`, to it.

    Raises:
        Refusal: One cannot be an alias.
    """
    member = add_member(session, artifact.sequence, artifact)
    names = [alias for collection, alias in pairs if collection in ("", artifact.sequence.name)]
    try:
        set_aliases(session, member, names)
    except ValueError as error:
        raise Refusal(str(error)) from None


def _joined(session: Session, blobs: BlobStore, artifact: Artifact) -> tuple[Parsed, Manifest | None]:
    """Return the entries of the version, and the uploaded manifest that has just these, if one does."""
    sent = list(
        session.scalars(
            select(Manifest)
            .where(Manifest.artifact_id == artifact.id, Manifest.blob.is_not(None))
            .order_by(Manifest.id)
        )
    )
    if not sent:
        raise Refusal("the version has no manifest; upload one before the commit")
    full = [manifest for manifest in sent if manifest.type == "FULL"][-1:]
    parts = [manifest for manifest in sent if manifest.type != "FULL"]
    if full and not parts:
        return _read(blobs, full[0]), full[0]
    base = [] if full else _base(session, artifact, parts)
    return join(_read(blobs, manifest) for manifest in (*base, *full, *parts)), None


def _base(session: Session, artifact: Artifact, parts: list[Manifest]) -> list[Manifest]:
    """Return the manifest that increments build on: the named version's, else that of the latest one."""
    named = [part.base_artifact_id for part in parts if part.base_artifact_id is not None]
    statement = select(Manifest).join(Artifact, Manifest.artifact_id == Artifact.id)
    statement = statement.where(Manifest.is_current, Artifact.state == "COMMITTED")
    if named:
        statement = statement.where(Artifact.id == named[0])
    elif any(part.type == "INCREMENTAL" for part in parts):
        statement = statement.where(Artifact.sequence_id == artifact.sequence_id)
    else:
        return []
    return list(session.scalars(statement.order_by(Artifact.committed_at.desc()).limit(1)))


def _read(blobs: BlobStore, manifest: Manifest) -> Parsed:
    try:
        return parse(blobs.read(manifest.blob or ""))
    except ValueError as error:
        raise Refusal(str(error)) from None


def _contents(
    access: Access, blobs: BlobStore, artifact: Artifact, entries: Mapping[str, Entry]
) -> dict[str, ArtifactBlob]:
    """Return the contents of the entries by name; every entry without a reference has one."""
    owner = artifact.sequence.project.entity_id
    wanted = [entry for entry in entries.values() if entry.ref is None]
    found = _known(access.session, owner, wanted)
    for entry in wanted:
        if entry.name not in found and entry.birth_id is not None:
            content = _from_birth(access, blobs, owner, entry)
            if content is not None:
                found[entry.name] = content
    missing = [entry.name for entry in wanted if entry.name not in found]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise Refusal(
            f"the contents of {', '.join(sorted(missing)[:_SHOWN])}{more} were not uploaded; "
            "upload them before the commit"
        )
    wrong = next((entry for entry in entries.values() if entry.size not in (None, _size(entry, found))), None)
    if wrong is not None:
        raise Refusal(
            f"the content of {wrong.name} has {_size(wrong, found)} bytes; the manifest says {wrong.size}"
        )
    return found


def _known(session: Session, entity_id: int, wanted: Sequence[Entry]) -> dict[str, ArtifactBlob]:
    """Return the contents that the entity has, of these entries, by name."""
    by_md5 = known_blobs(session, entity_id, {entry.digest for entry in wanted if not entry.is_xxh128})
    fast = {entry.digest for entry in wanted if entry.is_xxh128}
    by_xxh128 = known_by_xxh128(session, entity_id, fast) if fast else {}
    found = {entry.name: (by_xxh128 if entry.is_xxh128 else by_md5).get(entry.digest) for entry in wanted}
    return {name: content for name, content in found.items() if content is not None}


def _from_birth(access: Access, blobs: BlobStore, owner: int, entry: Entry) -> ArtifactBlob | None:
    """Return a content that came with a version of another entity, which the caller may read."""
    try:
        birth = access.session.get(Artifact, ids.number("Artifact", entry.birth_id or ""))
    except ValueError:
        return None
    if birth is None or not access.reads(birth.sequence.project):
        return None
    source = _known(access.session, birth.sequence.project.entity_id, [entry]).get(entry.name)
    if source is None:
        return None
    blob = Blob(source.key, source.size, source.md5, source.xxh128)
    return keep(access.session, blobs, owner, blob, birth.id)


def _size(entry: Entry, found: Mapping[str, ArtifactBlob]) -> int:
    return entry.size or 0 if entry.ref is not None else found[entry.name].size


def _replace_files(
    session: Session,
    blobs: BlobStore,
    artifact: Artifact,
    entries: Mapping[str, Entry],
    found: Mapping[str, ArtifactBlob],
) -> None:
    mine = ArtifactFile.artifact_id == artifact.id
    drop_uploads(session, blobs, artifact)
    before = set(session.scalars(select(ArtifactFile.blob_id).where(mine, ArtifactFile.blob_id.is_not(None))))
    session.execute(delete(ArtifactFile).where(mine), execution_options={"synchronize_session": False})
    rows: list[dict[str, Any]] = [
        {
            "artifact_id": artifact.id,
            "name": name,
            "digest": entry.digest,
            "size": _size(entry, found),
            "ref": entry.ref,
            "blob_id": None if entry.ref is not None else found[name].id,
            "mimetype": mimetype_of(name),
            "birth_id": None if entry.ref is not None else found[name].birth_id,
            "created_at": artifact.created_at,
        }
        for name, entry in sorted(entries.items())
    ]
    if rows:
        session.execute(insert(ArtifactFile), rows)
    release(session, blobs, [number for number in before if number is not None])


def _keep_manifest(
    session: Session, blobs: BlobStore, artifact: Artifact, parsed: Parsed, whole: Manifest | None
) -> None:
    if whole is None:
        blob = blobs.put(render(parsed))
        whole = Manifest(
            artifact_id=artifact.id,
            type="FULL",
            name="wandb_manifest.json",
            digest=blob.md5,
            blob=blob.key,
            size=blob.size,
            md5=blob.md5,
        )
        session.add(whole)
    whole.is_current = True
    session.flush()
    drop_manifests(session, blobs, artifact, keep_id=whole.id)
