"""References to object stores, through fsspec and its drivers: the extra `refs`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wandkit._core.artifact_name import entry_name
from wandkit._core.manifest import ManifestEntry
from wandkit._core.transfer import Target
from wandkit.errors import ArgumentError, ArtifactMismatchError, MissingExtraError

__all__ = ["REMOTE_SCHEMES", "describe_remote", "fetch_remote", "is_blob"]

REMOTE_SCHEMES = frozenset({"s3", "gs", "az"})
PIECE_BYTES = 1 << 20


def is_blob(uri: str) -> bool:
    """Whether a web address is that of an Azure blob."""
    return (urlsplit(uri).hostname or "").endswith(".blob.core.windows.net")


def describe_remote(uri: str, name: str | None, most: int) -> list[ManifestEntry]:
    """Return the entries for an object, or for all objects below a prefix.

    Raises:
        ArgumentError: There is nothing, or too much.
        MissingExtraError: The driver of the scheme is not installed.
    """
    store, path, version = _open(uri)
    bare = uri.partition("?")[0]
    try:
        facts = store.info(path, **({"version_id": version} if version else {}))
    except FileNotFoundError:
        facts = None
    if facts is not None and facts["type"] == "file":
        return [_entry(name or path.rstrip("/").rpartition("/")[2], bare, facts, version)]
    found = store.find(path, detail=True)
    if not found:
        raise ArgumentError(f"{bare!r} leads to no object")
    if len(found) > most:
        raise ArgumentError(
            f"Exceeded {most} objects: {bare!r} has {len(found)}", next_step="Raise max_objects."
        )
    folder, base = f"{name}/" if name else "", path.rstrip("/")
    entries: list[ManifestEntry] = []
    for place in sorted(found):
        below = place[len(base) :].lstrip("/")
        entries.append(_entry(folder + below, f"{bare.rstrip('/')}/{below}", found[place], None))
    return entries


def fetch_remote(entry: ManifestEntry, path: Path) -> None:
    """Download an object to `path`.

    Raises:
        FileNotFoundError: There is nothing.
        ArtifactMismatchError: It has changed since it was referred to.
    """
    uri = entry.ref_target()
    wanted = entry.extra.get("versionID")
    pinned = {"version_id": wanted} if wanted and urlsplit(uri).scheme == "s3" else {}
    store, place, _ = _open(uri)
    facts = store.info(place, **pinned)
    found = _etag(facts)
    if entry.digest != uri and found and found != entry.digest:
        raise ArtifactMismatchError(
            f"Digest mismatch: {entry.path!r} refers to {uri!r}, which is {found} now, not {entry.digest}",
            next_step="Add it anew to a new version.",
        )
    target = Target(path)
    try:
        with store.open(place, "rb", **pinned) as source:
            while piece := source.read(PIECE_BYTES):
                target.write(piece)
        target.keep()
    finally:
        target.drop()


def _open(uri: str) -> tuple[Any, str, str | None]:
    """Return the file system that a URL is of, the path in it, and the version that it asks for."""
    url = urlsplit(uri)
    bare = uri.partition("?")[0]
    version = parse_qs(url.query).get("versionId", [None])[0]
    options: dict[str, Any] = {"version_aware": True} if version else {}
    if is_blob(uri):
        account = (url.hostname or "").split(".")[0]
        bare, options = f"az://{url.path.lstrip('/')}", {"account_name": account}
    try:
        import fsspec  # type: ignore[import-untyped,import-not-found,unused-ignore]

        opener: Any = fsspec.core
        found: tuple[Any, str] = opener.url_to_fs(bare, **options)
    except ImportError as error:
        raise MissingExtraError(
            f"references such as {bare!r} need a driver that is not installed: {error}",
            next_step="Install it: pip install 'wandkit[refs]'.",
        ) from None
    found[0].invalidate_cache()
    return found[0], found[1], version


def _entry(name: str, uri: str, facts: Mapping[str, Any], version: str | None) -> ManifestEntry:
    etag = _etag(facts)
    held = version or facts.get("VersionId") or facts.get("generation")
    extra: dict[str, Any] = {"etag": etag} if etag else {}
    if held and held != "null":
        extra["versionID"] = str(held)
    size = facts.get("size")
    return ManifestEntry(entry_name(name), etag or uri, None if size is None else int(size), uri, None, extra)


def _etag(facts: Mapping[str, Any]) -> str:
    found = facts.get("ETag") or facts.get("etag") or ""
    return str(found).strip('"')
