"""How a draft becomes a version: announced, its files sent, its manifest sent, committed last.

An upload that was interrupted is started again by logging the same draft: the server says which files it has.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import commit_artifact, create_artifact_manifest, update_artifact_manifest
from wandkit_generated.gql.operations import (
    COMPLETE_MULTIPART_UPLOAD,
    CREATE_ARTIFACT,
    CREATE_ARTIFACT_FILES,
)

from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.artifact_stage import is_staged
from wandkit._core.digest import MD5, file_digest, part_digests
from wandkit._core.manifest import Manifest, ManifestEntry, text_digest
from wandkit._core.transfer import PIECE_BYTES, upload_headers
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import gather_bounded, run_in_thread
from wandkit.errors import AnswerError, ArgumentError, NotFoundError, PermissionDeniedError, TransferError
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import (
        CreateArtifactFilesFile,
        CreateArtifactManifestFile,
        UpdateArtifactManifestFile,
    )

__all__ = ["AsyncArtifactUpload", "UploadFacts"]

JOBS = 16
ANNOUNCED_AT_ONCE = 500
JOINED_BYTES_PER_S = 10_000_000
MANIFEST_NAMES = {
    "FULL": "wandb_manifest.json",
    "INCREMENTAL": "wandb_manifest.incremental.json",
    "PATCH": "wandb_manifest.patch.json",
}
MULTIPART_THRESHOLD = 2 << 30
PART_BYTES = 100 << 20
MOST_PARTS = 1000


class UploadFacts:
    """What the server is told of a new version besides its entries.

    Attributes:
        run: The run that logs it.
        kind: What its manifest is: `FULL`, an `INCREMENTAL` one to the version before, or the `PATCH` of one
            writer of several.
        base_id: The version that it builds on; None for the newest one.
        variables: The rest of what `CreateArtifact` takes.
    """

    def __init__(
        self, run: RunPath, kind: str = "FULL", base_id: str | None = None, **variables: Any
    ) -> None:
        self.run = run
        self.kind = kind
        self.base_id = base_id
        self.variables: Mapping[str, Any] = variables


class AsyncArtifactUpload:
    """One upload of one draft."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        facts: UploadFacts,
        manifest: Manifest,
        *,
        jobs: int = JOBS,
        progress: bool | None = None,
        label: str = "",
    ) -> None:
        self._gql = gql
        self._facts = facts
        self._manifest = manifest
        self._jobs = jobs
        extra = gql.settings.extra
        self._threshold = int(extra.get("artifact_multipart_threshold", MULTIPART_THRESHOLD))
        self._part_bytes = int(extra.get("artifact_part_bytes", PART_BYTES))
        self._artifact_id = ""
        self._manifest_id = ""
        self._progress = progress
        self._label = label

    async def send(self, *, commit: bool = True) -> str:
        """Send everything that the server does not have, and return the version's id.

        Args:
            commit: Whether the version is complete then; False leaves it to other writers.

        Raises:
            TransferError: The server refused a file.
            ArgumentError: A file is gone, or has changed since it was added.
        """
        answer = await self._gql.execute(CREATE_ARTIFACT, self._variables())
        created = answer.create_artifact.artifact if answer.create_artifact else None
        if created is None:
            raise AnswerError(
                f"The server did not say what became of the new version of {self._label}.",
                operation="CreateArtifact",
                host=self._gql.settings.base_url,
                next_step="Log the same draft again; nothing was sent yet.",
            )
        self._artifact_id = created.id
        if created.state.value == "COMMITTED":
            return created.id
        newest = created.artifact_sequence.latest_artifact
        base = self._facts.base_id or (newest.id if newest and newest.id != created.id else None)
        self._manifest_id = await self._announce_manifest(base)
        await self._send_files()
        text = await run_in_thread(self._manifest.print)
        url, headers = await self._place_manifest(text_digest(text), base)
        name = MANIFEST_NAMES[self._facts.kind]
        await self._gql.http.upload(url, _pieces_of(text), len(text), headers, action=f"Upload {name}")
        if commit:
            await commit_artifact(self._gql, artifact_id=created.id)
        await run_in_thread(self._clean)
        return created.id

    def _variables(self) -> dict[str, Any]:
        run = self._facts.run
        return {
            "entity": run.entity,
            "project": run.project,
            "run": run.run,
            "digest": self._manifest.digest(),
            "digestAlgorithm": self._manifest.digest_algorithm,
            # The digest of a part says nothing of the whole.
            "deduplicate": self._facts.kind == "FULL",
            **self._facts.variables,
        }

    async def _announce_manifest(self, base: str | None) -> str:
        """Return the id of the manifest that is to come."""
        answer = await create_artifact_manifest(
            self._gql, **self._manifest_place(base), digest="", with_upload=False
        )
        made = answer.create_artifact_manifest.artifact_manifest if answer.create_artifact_manifest else None
        if made is None:
            raise self._no_place("CreateArtifactManifest")
        return made.id

    async def _place_manifest(self, digest: str, base: str | None) -> tuple[str, dict[str, str]]:
        """Return where to send the manifest, and with which headers."""
        file: CreateArtifactManifestFile | UpdateArtifactManifestFile | None
        if self._facts.kind == "FULL":
            operation = "CreateArtifactManifest"
            answer = await create_artifact_manifest(
                self._gql, **self._manifest_place(base), digest=digest, with_upload=True
            )
            made = answer.create_artifact_manifest
            file = made.artifact_manifest.file if made else None
        else:
            operation = "UpdateArtifactManifest"
            changed = await update_artifact_manifest(self._gql, id=self._manifest_id, digest=digest)
            updated = changed.update_artifact_manifest
            file = updated.artifact_manifest.file if updated else None
        if file is None or not file.upload_url:
            raise self._no_place(operation)
        return file.upload_url, upload_headers(file.upload_headers or ())

    def _manifest_place(self, base: str | None) -> dict[str, Any]:
        run, kind = self._facts.run, self._facts.kind
        place: dict[str, Any] = {
            "artifact_id": self._artifact_id,
            "name": MANIFEST_NAMES[kind],
            "type": kind,
            "entity": run.entity,
            "project": run.project,
            "run": run.run,
        }
        return {**place, "base_artifact_id": base} if base else place

    def _no_place(self, operation: str) -> AnswerError:
        return AnswerError(
            f"The server gave no place for the manifest of {self._label}.",
            operation=operation,
            host=self._gql.settings.base_url,
            next_step="Log the same draft again; what was sent is not sent twice.",
        )

    async def _send_files(self) -> None:
        """Send each content once: first all that differ, then the names that share one."""
        first: list[ManifestEntry] = []
        again: list[ManifestEntry] = []
        digests: set[str] = set()
        for path in sorted(self._manifest.entries):
            entry = self._manifest.entries[path]
            if entry.ref or entry.local_path is None:
                continue
            (again if entry.digest in digests else first).append(entry)
            digests.add(entry.digest)
        with _bar(self._progress, [*first, *again], self._label) as bar:
            for entries in (first, again):
                for at in range(0, len(entries), ANNOUNCED_AT_ONCE):
                    await self._send_some(entries[at : at + ANNOUNCED_AT_ONCE], bar.update)

    async def _send_some(self, entries: Sequence[ManifestEntry], watch: Callable[[int], object]) -> None:
        places = await self._announce(entries)

        async def one(entry: ManifestEntry, place: CreateArtifactFilesFile) -> None:
            if place.artifact is not None:
                entry.birth_artifact_id = place.artifact.id
            if place.upload_url or _parts_of(place):
                await self._send_file(entry, place)
            watch(entry.size or 0)

        pairs = zip(entries, places, strict=True)
        await gather_bounded(self._jobs, [_bind(one, entry, place) for entry, place in pairs])

    async def _announce(self, entries: Sequence[ManifestEntry]) -> list[CreateArtifactFilesFile]:
        """Return what the server says of each entry: where to send it, or that it has it."""
        files = await gather_bounded(self._jobs, [_bind_spec(self._spec, entry) for entry in entries])
        answer = await self._gql.execute(CREATE_ARTIFACT_FILES, {"files": files})
        edges = answer.create_artifact_files.files.edges if answer.create_artifact_files else []
        found = [edge.node for edge in edges if edge.node is not None]
        if len(found) != len(entries):
            raise AnswerError(
                f"The server has places for {len(found)} of {len(entries)} files.",
                operation="CreateArtifactFiles",
                host=self._gql.settings.base_url,
                next_step="Log the same draft again; what was sent is not sent twice.",
            )
        return found

    async def _spec(self, entry: ManifestEntry) -> dict[str, Any]:
        size, path = entry.size or 0, entry.local_path or ""
        is_md5 = entry.digest_algorithm == MD5
        spec: dict[str, Any] = {
            "artifactID": self._artifact_id,
            "artifactManifestID": self._manifest_id,
            "name": entry.path,
            "md5": entry.digest if is_md5 else await run_in_thread(file_digest, path),
        }
        if size and size >= self._threshold:
            digests = await run_in_thread(part_digests, path, self._part_length(size))
            spec["uploadPartsInput"] = [
                {"partNumber": number, "hexMD5": digest} for number, digest in enumerate(digests, 1)
            ]
        return spec

    def _part_length(self, size: int) -> int:
        """Return how long the parts of a file are: longer than set where there would be too many."""
        least = -(-size // MOST_PARTS)
        return max(self._part_bytes, -(-least // 4096) * 4096)

    async def _send_file(self, entry: ManifestEntry, place: CreateArtifactFilesFile) -> None:
        """Send one file; where its place has expired, to a new one."""
        await run_in_thread(_check_unchanged, entry)
        try:
            await self._send_to(entry, place)
        except (NotFoundError, PermissionDeniedError, TransferError):
            (fresh,) = await self._announce([entry])
            if fresh.upload_url or _parts_of(fresh):
                await self._send_to(entry, fresh)

    async def _send_to(self, entry: ManifestEntry, place: CreateArtifactFilesFile) -> None:
        path, size = Path(entry.local_path or ""), entry.size or 0
        if _parts_of(place):
            await self._send_parts(entry, place)
            return
        headers = upload_headers(place.upload_headers or ())
        await self._gql.http.upload(
            place.upload_url or "", _slice_of(path, 0, size), size, headers, action=f"Upload {entry.path}"
        )

    async def _send_parts(self, entry: ManifestEntry, place: CreateArtifactFilesFile) -> None:
        """Send a large file in parts, several at a time, and say that it is whole."""
        size, path = entry.size or 0, Path(entry.local_path or "")
        step = self._part_length(size)
        multipart = place.upload_multipart_urls
        if multipart is None or place.storage_path is None:
            raise AnswerError(
                f"The server gave no place for the parts of {entry.path!r}.",
                operation="CreateArtifactFiles",
                host=self._gql.settings.base_url,
                next_step="Raise artifact_multipart_threshold among the overrides, so that it goes whole.",
            )

        async def one(number: int, url: str) -> tuple[int, str]:
            start = (number - 1) * step
            length = min(step, size - start)
            reply = await self._gql.http.upload(
                url,
                _slice_of(path, start, length),
                length,
                None,
                action=f"Upload {entry.path}, part {number}",
            )
            return number, reply.headers.get("etag", "").strip('"')

        parts = [(int(part.part_number), part.upload_url) for part in _parts_of(place)]
        done = await gather_bounded(4, [_bind_part(one, number, url) for number, url in parts])
        await self._complete(place.storage_path, multipart.upload_id, sorted(done), size)

    async def _complete(
        self, storage_path: str, upload_id: str, parts: Sequence[tuple[int, str]], size: int
    ) -> None:
        await self._gql.execute(
            COMPLETE_MULTIPART_UPLOAD,
            {
                "artifactId": self._artifact_id,
                "storagePath": storage_path,
                "uploadId": upload_id,
                "parts": [{"partNumber": number, "hexMD5": etag} for number, etag in parts],
            },
            # The server joins and reads the whole file before it answers.
            timeout=max(self._gql.timeout, size / JOINED_BYTES_PER_S),
        )

    def _clean(self) -> None:
        """Move the copies that were made for the upload into the cache, where they save a download."""
        cache = ArtifactCache.of(self._gql.settings)
        added = 0
        for entry in self._manifest:
            if entry.local_path is None or not is_staged(entry.local_path):
                continue
            path = Path(entry.local_path)
            entry.local_path = None
            if entry.skip_cache or not path.exists():
                path.unlink(missing_ok=True)
            else:
                cache.adopt(path, entry.digest, entry.digest_algorithm)
                added += entry.size or 0
        if added:
            cache.trim(added)


def _parts_of(place: CreateArtifactFilesFile) -> list[Any]:
    multipart = place.upload_multipart_urls
    return list(multipart.upload_url_parts or ()) if multipart else []


def _check_unchanged(entry: ManifestEntry) -> None:
    try:
        size = os.stat(entry.local_path or "").st_size
    except OSError:
        raise ArgumentError(
            f"the file of the entry {entry.path!r} is gone: {entry.local_path!r}",
            next_step="Add it again to a new draft.",
        ) from None
    if entry.size is not None and size != entry.size:
        raise ArgumentError(
            f"{entry.local_path!r} has changed since it was added as {entry.path!r}",
            next_step="Add it again, or with policy='mutable', which copies it.",
        )


def _slice_of(path: Path, start: int, length: int) -> Callable[[], AsyncIterator[bytes]]:
    """Return what makes the body of an upload: `length` bytes of a file from `start` on."""

    async def pieces() -> AsyncIterator[bytes]:
        left = length
        with path.open("rb") as source:
            source.seek(start)
            while left and (piece := source.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece

    return pieces


def _pieces_of(text: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        yield text

    return pieces


def _bar(progress: bool | None, entries: Sequence[ManifestEntry], name: str) -> Any:
    """A progress bar in bytes, on a terminal or where it is asked for."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    total = sum(entry.size or 0 for entry in entries)
    return tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not shown)


def _bind(
    job: Callable[[ManifestEntry, CreateArtifactFilesFile], Awaitable[None]],
    entry: ManifestEntry,
    place: CreateArtifactFilesFile,
) -> Callable[[], Awaitable[None]]:
    return lambda: job(entry, place)


def _bind_part(
    job: Callable[[int, str], Awaitable[tuple[int, str]]], number: int, url: str
) -> Callable[[], Awaitable[tuple[int, str]]]:
    return lambda: job(number, url)


def _bind_spec(
    job: Callable[[ManifestEntry], Awaitable[dict[str, Any]]], entry: ManifestEntry
) -> Callable[[], Awaitable[dict[str, Any]]]:
    return lambda: job(entry)
