"""References: entries whose bytes stay where they are, under a URL.

`http(s)`, `file` and `wandb-artifact` need nothing more; `s3`, `gs` and `az` need the extra `refs`. Of any
other scheme the URL itself is noted.

Docs: docs/api/artifact.md.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from pathlib import Path
from urllib.parse import unquote, urlsplit

from wandkit_generated.gql.aio import get_client_id_mapping

from wandkit._async.artifact_entry import AsyncArtifactEntry
from wandkit._async.artifact_fetch import BREAKS_IN_A_ROW, LONGEST_WAIT_S, unwritten
from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.artifact_folder import readable_files
from wandkit._core.artifact_name import entry_name
from wandkit._core.digest import b64_digest, file_digest
from wandkit._core.manifest import ENTRY_SCHEME, ManifestEntry, reference_url
from wandkit._core.reference import (
    REMOTE_SCHEMES,
    describe_remote,
    fetch_remote,
    has_digest,
    is_blob,
    unchecked_remote,
)
from wandkit._core.transfer import Download, Target
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import run_in_thread, sleep
from wandkit.errors import (
    ArgumentError,
    ArtifactMismatchError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    TransferError,
    WandkitError,
)
from wandkit.settings import Settings

__all__ = ["describe_reference", "fetch_reference", "referred_entry"]

MOST_OBJECTS = 10_000_000
CLIENT_SCHEME = "wandb-client-artifact"
ENTRY_SCHEMES = (ENTRY_SCHEME, CLIENT_SCHEME)


async def describe_reference(
    gql: AsyncGraphQL | None,
    uri: str | ManifestEntry | AsyncArtifactEntry,
    name: str | None,
    *,
    checksum: bool,
    max_objects: int | None,
) -> list[ManifestEntry]:
    """Return the entries for what `uri` points to, below or under `name`.

    Raises:
        ArgumentError: It is no URL, leads nowhere, or to too many files.
        MissingExtraError: A library for its scheme is not installed.
    """
    if isinstance(uri, ManifestEntry):
        return [ManifestEntry(name or uri.path, uri.digest, 0, uri.ref_url())]
    if isinstance(uri, AsyncArtifactEntry):
        return [ManifestEntry(name or uri.path, uri.digest, 0, uri.ref_url())]
    url = urlsplit(uri)
    most = MOST_OBJECTS if max_objects is None else max_objects
    if not url.scheme:
        raise ArgumentError(
            f"{uri!r} is not a URL", next_step="Write it with its scheme: https://…, file://…"
        )
    if url.scheme in REMOTE_SCHEMES or is_blob(uri):
        if not checksum:
            return [unchecked_remote(uri, name)]
        found = await run_in_thread(describe_remote, uri, name, most)
        return found
    if url.scheme in ("http", "https"):
        entry = await _describe_http(gql, uri, name or _last(url.path), checksum)
        return [entry]
    if url.scheme == "file":
        found = await run_in_thread(_describe_files, uri, name, checksum, most)
        return found
    if url.scheme in ENTRY_SCHEMES:
        entry = await _describe_entry(gql, uri, name)
        return [entry]
    if name is None:
        raise ArgumentError(
            f"nothing is known of {url.scheme}:// here, so that {uri!r} needs a name", next_step="Pass name=…"
        )
    warnings.warn(f"What {uri!r} points to cannot be checked.", stacklevel=3)
    return [ManifestEntry(name, uri, None, uri)]


async def fetch_reference(
    gql: AsyncGraphQL,
    entry: ManifestEntry,
    path: Path,
    *,
    allow_missing: bool = False,
    skip_cache: bool = False,
) -> int:
    """Bring what a reference points to, to `path`; return how many bytes the cache got.

    Raises:
        FileNotFoundError: It leads nowhere; with `allow_missing` a warning says so.
        ArtifactMismatchError: What it leads to is not what it led to when it was added.
        ArgumentError: Nothing is known of its scheme.
        TransferError: It did not arrive whole, or could not be written.
    """
    uri = entry.ref_target()
    scheme = urlsplit(uri).scheme
    try:
        if scheme in REMOTE_SCHEMES or scheme in ("http", "https"):
            return await _fetch_stored(gql, entry, path, skip_cache)
        if scheme == "file":
            await run_in_thread(_fetch_file, entry, path)
        elif scheme in ENTRY_SCHEMES:
            await _fetch_entry(gql, entry, path)
        else:
            raise ArgumentError(f"nothing is known of {scheme}:// here; {entry.path!r} cannot be downloaded")
    except (FileNotFoundError, NotFoundError) as error:
        if not allow_missing:
            raise FileNotFoundError(f"{entry.path!r} refers to {uri!r}, where there is nothing") from error
        warnings.warn(f"{entry.path!r} refers to {uri!r}, where there is nothing.", stacklevel=3)
    return 0


async def _fetch_stored(gql: AsyncGraphQL, entry: ManifestEntry, path: Path, skip_cache: bool) -> int:
    """Bring what the web or a store has, through the cache where its digest tells what it was."""
    if not skip_cache and has_digest(entry):
        cache = ArtifactCache.of(gql.settings)
        place = cache.place_of_reference(entry.ref_target(), entry.digest)
        try:
            if cache.has(place, entry.size) and await run_in_thread(cache.copy_out, place, path, None):
                return 0
            target = await run_in_thread(cache.target, place, entry.size or 0)
            received = await _receive(gql, entry, target)
            if await run_in_thread(cache.copy_out, place, path, None):
                return received
        except OSError as error:
            # The disk of the cache may be full, or not ours to write: do without it.
            if isinstance(error, (WandkitError, FileNotFoundError)):
                raise
    try:
        await _receive(gql, entry, await run_in_thread(Target, path))
    except OSError as error:
        if isinstance(error, (WandkitError, FileNotFoundError)):
            raise
        raise unwritten(entry, path, error) from error
    return 0


async def _receive(gql: AsyncGraphQL, entry: ManifestEntry, target: Target) -> int:
    """Make `target` what a reference points to; return how many bytes that were."""
    uri = entry.ref_target()
    try:
        if urlsplit(uri).scheme in REMOTE_SCHEMES or is_blob(uri):
            await run_in_thread(fetch_remote, entry, target)
        else:
            await _fetch_http(gql, entry, target)
        received = target.size()
        await run_in_thread(target.keep)
    finally:
        await run_in_thread(target.drop)
    return received


async def _describe_http(gql: AsyncGraphQL | None, uri: str, name: str, checksum: bool) -> ManifestEntry:
    if not checksum:
        return ManifestEntry(entry_name(name), uri, None, uri)
    client = gql or AsyncGraphQL(Settings.resolve())
    try:
        async with await client.http.open_stream(uri, action=f"Look up {uri.split('?')[0]}") as body:
            etag, length = body.headers.get("etag"), body.headers.get("content-length")
    except (NotFoundError, PermissionDeniedError, TransferError) as error:
        raise ArgumentError(f"{uri.split('?')[0]!r} cannot be referred to: {error.message}") from error
    finally:
        if gql is None:
            await client.aclose()
    extra = {"etag": etag} if etag else {}
    digest = etag.strip('"') if etag else uri
    return ManifestEntry(entry_name(name), digest, int(length) if length else None, uri, None, extra)


async def _describe_entry(gql: AsyncGraphQL | None, uri: str, name: str | None) -> ManifestEntry:
    """Return the entry that refers to an entry of another version: to that which holds the bytes."""
    client = gql or AsyncGraphQL(Settings.resolve())
    try:
        found = await referred_entry(client, uri)
        while found.ref is not None and found.ref.startswith(f"{ENTRY_SCHEME}://"):
            found = await referred_entry(client, found.ref)
    except (FileNotFoundError, NotFoundError) as error:
        raise ArgumentError(f"{uri!r} leads nowhere: {error}") from error
    finally:
        if gql is None:
            await client.aclose()
    target = reference_url(found.parent_artifact().id or "", found.path)
    return ManifestEntry(name or _last(found.path), found.digest, 0, target)


async def _fetch_http(gql: AsyncGraphQL, entry: ManifestEntry, target: Target) -> None:
    """Write what a web address points to, to `target`; where it breaks off, it goes on there."""
    uri, download, breaks = entry.ref_target(), Download(entry.path), 0
    while True:
        before = download.received
        try:
            async with await gql.http.open_stream(
                uri, download.headers(), action=f"Download {entry.path}"
            ) as body:
                found = body.headers.get("etag", "").strip('"') or uri
                if has_digest(entry) and found != entry.digest:
                    raise _changed(entry, found)
                if not download.begin(body.status, body.headers):
                    target.restart()
                async for piece in body.pieces():
                    target.write(piece)
                    download.take(piece)
            break
        except TransferError as error:
            if error.status in (404, 410):
                raise FileNotFoundError(uri) from error
            raise
        except (ConnectionFailedError, RequestTimeoutError):
            breaks = 0 if download.received > before else breaks + 1
            if not download.received or breaks >= BREAKS_IN_A_ROW:
                raise
        await sleep(min(LONGEST_WAIT_S, 0.05 * 2**breaks))
    download.check()


async def _fetch_entry(gql: AsyncGraphQL, entry: ManifestEntry, path: Path) -> None:
    """Download the entry of another version."""
    found = await referred_entry(gql, entry.ref_target())
    await found.parent_artifact().download_entry_to(found.entry, path)


async def referred_entry(gql: AsyncGraphQL, url: str) -> AsyncArtifactEntry:
    """Return the entry of another version that `url` refers to.

    Raises:
        FileNotFoundError: The version has no such entry.
        NotFoundError: There is no such version, or the API key may not see it.
    """
    from wandkit._async.artifact import AsyncArtifact

    place = urlsplit(url)
    if place.scheme == CLIENT_SCHEME:
        artifact_id = await _id_of_client(gql, place.netloc)
    else:
        try:
            artifact_id = base64.b64encode(bytes.fromhex(place.netloc)).decode()
        except ValueError:
            raise ArgumentError(
                f"{url!r} refers to no version", next_step="Make such a URL by entry.ref_url()."
            ) from None
    artifact = await AsyncArtifact.fetch_id(gql, artifact_id)
    try:
        found = await artifact.get_entry(unquote(place.path.lstrip("/")))
    except KeyError as error:
        raise FileNotFoundError(str(error)) from None
    return found


async def _id_of_client(gql: AsyncGraphQL, client_id: str) -> str:
    """Return the id of the version that a client made as `client_id`.

    Raises:
        NotFoundError: The server knows none.
    """
    answer = await get_client_id_mapping(gql, client_id=client_id)
    if answer.client_id_mapping is None:
        raise NotFoundError(
            f"The server knows no version that a client made as {client_id[:20]!r}….",
            operation="GetClientIdMapping",
            host=gql.settings.base_url,
            next_step="Log that artifact first, and refer to it by entry.ref_url().",
        )
    return answer.client_id_mapping.server_id


def _describe_files(uri: str, name: str | None, checksum: bool, most: int) -> list[ManifestEntry]:
    """Return the entries for a file, or for all files below a folder."""
    path = Path(unquote(urlsplit(uri).path))
    if path.is_file():
        return [_describe_file(uri, path, name or path.name, checksum)]
    if not path.is_dir():
        raise ArgumentError(f"{uri!r} leads to no file or folder")
    names = readable_files(path)
    if len(names) > most:
        raise ArgumentError(
            f"Exceeded {most} objects: {uri!r} has {len(names)}", next_step="Raise max_objects."
        )
    folder = f"{name}/" if name else ""
    base = uri.rstrip("/")
    return [_describe_file(f"{base}/{below}", path / below, folder + below, checksum) for below in names]


def _describe_file(uri: str, path: Path, name: str, checksum: bool) -> ManifestEntry:
    digest = file_digest(path) if checksum else _path_digest(path)
    return ManifestEntry(entry_name(name), digest, path.stat().st_size, uri)


def _path_digest(path: Path) -> str:
    """Return the digest of a file that goes by where it is, not by what is in it."""
    return b64_digest(hashlib.md5(path.resolve().as_uri().encode(), usedforsecurity=False).digest())


def _fetch_file(entry: ManifestEntry, path: Path) -> None:
    uri = entry.ref_target()
    source = Path(unquote(urlsplit(uri).path))
    if not source.is_file():
        raise FileNotFoundError(uri)
    unchecked = _path_digest(source)
    target = Target(path)
    try:
        digest = hashlib.md5(usedforsecurity=False)
        with source.open("rb") as opened:
            while piece := opened.read(1 << 20):
                digest.update(piece)
                target.write(piece)
        found = b64_digest(digest.digest())
        if entry.digest not in (found, unchecked):
            raise _changed(entry, found)
        target.keep()
    finally:
        target.drop()


def _changed(entry: ManifestEntry, found: str) -> ArtifactMismatchError:
    return ArtifactMismatchError(
        f"Digest mismatch: {entry.path!r} refers to {entry.ref!r}, which is {found} now, not {entry.digest}",
        next_step="Add it anew to a new version.",
    )


def _last(path: str) -> str:
    return unquote(path.rstrip("/").rpartition("/")[2]) or "index"
