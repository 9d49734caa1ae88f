"""References to object stores, through fsspec and its drivers: the extra `refs`.

| URL | digest | noted besides | a version is asked for by |
| --- | --- | --- | --- |
| s3://BUCKET/KEY | ETag | etag, versionID | ?versionId= |
| gs://BUCKET/KEY | etag (once: the md5) | versionID, the generation | #GENERATION |
| https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB, az:// | ETag | etag, versionID | ?versionId= |
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wandkit._core.artifact_name import entry_name
from wandkit._core.manifest import ManifestEntry
from wandkit._core.transfer import Target
from wandkit.errors import (
    ArgumentError,
    ArtifactMismatchError,
    MissingExtraError,
    TransferError,
    WandkitError,
)

__all__ = ["REMOTE_SCHEMES", "describe_remote", "fetch_remote", "has_digest", "is_blob", "unchecked_remote"]

REMOTE_SCHEMES = frozenset({"s3", "gs", "az"})
PIECE_BYTES = 1 << 20
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}


def is_blob(uri: str) -> bool:
    """Whether a web address is that of an Azure blob."""
    return (urlsplit(uri).hostname or "").endswith(".blob.core.windows.net")


@dataclass(frozen=True, slots=True)
class _Place:
    """What a URL says.

    Attributes:
        scheme: `s3`, `gs` or `az`.
        bare: The URL without the version.
        path: Bucket or container, and key.
        version: The version that is asked for; None for the newest.
        account: The account of an Azure blob's web address.
    """

    scheme: str
    bare: str
    path: str
    version: str | None
    account: str | None = None

    @classmethod
    def of(cls, uri: str) -> _Place:
        url = urlsplit(uri)
        bare = uri.partition("?")[0].partition("#")[0]
        version = parse_qs(url.query).get("versionId", [None])[0]
        if is_blob(uri):
            account = (url.hostname or "").split(".")[0]
            return cls("az", bare, unquote(url.path).strip("/"), version, account)
        if url.scheme == "gs":
            version = url.fragment or None
        return cls(url.scheme, bare, f"{url.netloc}{url.path}".rstrip("/"), version)

    @property
    def key(self) -> str:
        """What the official client calls it where nobody says: all after the bucket or container."""
        return self.path.partition("/")[2] or self.path

    def pinned(self, version: str | None) -> tuple[str, dict[str, Any]]:
        """Return the path and the options by which the driver finds one version."""
        if version is None:
            return self.path, {}
        if self.scheme == "s3":
            return self.path, {"version_id": version}
        return (f"{self.path}#{version}" if self.scheme == "gs" else f"{self.path}?versionid={version}"), {}


def unchecked_remote(uri: str, name: str | None) -> ManifestEntry:
    """Return the entry for what nobody looks at: it goes by its URL alone."""
    place = _Place.of(uri)
    return ManifestEntry(entry_name(name or place.key), place.bare, None, place.bare)


def has_digest(entry: ManifestEntry) -> bool:
    """Whether the digest of a reference tells what is there now from what was there before."""
    uri = entry.ref_target()
    return entry.digest not in (uri, uri.partition("?")[0].partition("#")[0])


def describe_remote(uri: str, name: str | None, most: int) -> list[ManifestEntry]:
    """Return the entries for an object, or for all objects below a prefix.

    Raises:
        ArgumentError: There is nothing, or too much.
        MissingExtraError: The driver of the scheme is not installed.
        TransferError: The store refused, or did not answer.
    """
    place = _Place.of(uri)
    store = _open(place, place.version)
    try:
        facts = _facts(store, place, place.version)
        if facts is not None and facts["type"] == "file":
            return [_entry(place, name or place.path.rpartition("/")[2], place.bare, facts)]
        found: dict[str, Any] = {} if place.version else store.find(place.path, detail=True)
    except WandkitError:
        raise
    except Exception as error:
        raise _refused(place, "looked up", error) from error
    if not found:
        raise ArgumentError(
            f"{uri!r} leads to no object", next_step="Check the bucket, the key and the version."
        )
    if len(found) > most:
        raise ArgumentError(
            f"Exceeded {most} objects: {place.bare!r} has {len(found)}", next_step="Raise max_objects."
        )
    folder, base = f"{name}/" if name else "", place.path
    entries: list[ManifestEntry] = []
    for path in sorted(found):
        below = path.lstrip("/")[len(base) :].lstrip("/")
        entries.append(_entry(place, folder + below, f"{place.bare.rstrip('/')}/{below}", found[path]))
    return entries


def fetch_remote(entry: ManifestEntry, target: Target) -> None:
    """Write an object to `target`: the version that was referred to, where the store keeps versions.

    Raises:
        FileNotFoundError: There is nothing.
        ArtifactMismatchError: It has changed since it was referred to.
        MissingExtraError: The driver of the scheme is not installed.
        TransferError: The store refused, or did not answer.
        OSError: The disk is full.
    """
    uri = entry.ref_target()
    place = _Place.of(uri)
    held = entry.extra.get("versionID")
    version = str(held) if held else place.version
    store = _open(place, version)
    try:
        facts = _facts(store, place, version)
        if facts is None and version is not None:
            version, facts = None, _facts(store, place, None)
        if facts is None:
            raise FileNotFoundError(uri)
        _check(entry, facts)
        source, options = place.pinned(version)
        with store.open(source, "rb", **options) as opened:
            while piece := opened.read(PIECE_BYTES):
                target.write(piece)
    except (FileNotFoundError, WandkitError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise
        raise _refused(place, "downloaded", error) from error


def _check(entry: ManifestEntry, facts: Mapping[str, Any]) -> None:
    known = {found for found in (_etag(facts), facts.get("md5Hash")) if found}
    uri = entry.ref_target()
    if known and entry.digest not in (*known, uri, _Place.of(uri).bare):
        raise ArtifactMismatchError(
            f"Digest mismatch: {entry.path!r} refers to {uri!r}, which is {_etag(facts)} now, "
            f"not {entry.digest}",
            next_step="Add it anew to a new version.",
        )


def _facts(store: Any, place: _Place, version: str | None) -> dict[str, Any] | None:
    path, options = place.pinned(version)
    try:
        found: dict[str, Any] = store.info(path, **options)
    except FileNotFoundError:
        return None
    return found


def _open(place: _Place, version: str | None) -> Any:
    """Return the file system that a place is in."""
    options: dict[str, Any] = {"version_aware": True} if version else {}
    if place.account:
        options["account_name"] = place.account
    try:
        import fsspec  # type: ignore[import-untyped,import-not-found,unused-ignore]

        opener: Any = fsspec
        store = opener.filesystem(place.scheme, **options)
    except ImportError as error:
        raise MissingExtraError(
            f"references such as {place.bare!r} need the driver {_DRIVERS[place.scheme]}, "
            f"which is not installed: {error}",
            next_step="Install it: pip install 'wandkit[refs]'.",
        ) from None
    store.invalidate_cache()
    return store


def _entry(place: _Place, name: str, uri: str, facts: Mapping[str, Any]) -> ManifestEntry:
    etag, extra = _etag(facts), dict[str, Any]()
    if place.scheme == "gs":
        generation = str(facts.get("generation") or "")
        if generation:
            extra["versionID"] = int(generation) if generation.isdigit() else generation
    else:
        version = place.version or facts.get("VersionId") or facts.get("version_id")
        extra |= {"etag": etag} if etag else {}
        extra |= {"versionID": str(version)} if version and version != "null" else {}
    size = facts.get("size")
    return ManifestEntry(entry_name(name), etag or uri, None if size is None else int(size), uri, None, extra)


def _etag(facts: Mapping[str, Any]) -> str:
    found = facts.get("ETag") or facts.get("etag") or ""
    return str(found).strip('"')


def _refused(place: _Place, what: str, error: Exception) -> TransferError:
    return TransferError(
        f"{place.bare!r} could not be {what}: {error or type(error).__name__}",
        operation=f"Reference to {place.scheme}",
        host=f"{place.scheme}://{place.path.partition('/')[0]}",
        next_step=f"Check the credentials and settings of {_DRIVERS[place.scheme]}.",
    )
