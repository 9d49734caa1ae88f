"""References: entries whose bytes stay where they are, under a URL.

http and https need nothing more.

Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from wandkit._core.manifest import ManifestEntry
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, UnsupportedError

__all__ = ["describe_reference", "fetch_reference"]


async def describe_reference(
    gql: AsyncGraphQL | None,
    uri: str | ManifestEntry,
    name: str | None,
    *,
    checksum: bool,
    max_objects: int | None,
) -> list[ManifestEntry]:
    """Return the entries for what `uri` points to."""
    if isinstance(uri, ManifestEntry):
        raise UnsupportedError("entries of other artifacts cannot be referred to yet")
    scheme = urlsplit(uri).scheme
    if not scheme:
        raise ArgumentError(
            f"{uri!r} is not a URL", next_step="Write it with its scheme: https://…, file://…"
        )
    raise UnsupportedError(f"references to {scheme}:// are not known here")


async def fetch_reference(
    gql: AsyncGraphQL, entry: ManifestEntry, path: Path, *, allow_missing: bool
) -> None:
    """Bring what a reference points to, to `path`."""
    raise UnsupportedError(f"references such as {entry.ref!r} are not known here")
