"""The part of an artifact about objects: tables, images and other media under names of their own.

The objects: wandkit/media. Docs: docs/api/media.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from wandkit._async.artifact_download import AsyncArtifactDownload
from wandkit._async.artifact_draft import AsyncArtifactDraft
from wandkit._async.artifact_entry import AsyncArtifactEntry
from wandkit._core.artifact_name import entry_name
from wandkit._core.artifact_object import add_object
from wandkit._core.manifest import ENTRY_SCHEME, Manifest, ManifestEntry
from wandkit._transport.concurrency.aio import run_in_thread
from wandkit.errors import AnswerError, ArgumentTypeError
from wandkit.media.image import Classes, Image
from wandkit.media.media import Media, Origin
from wandkit.media.object import MediaObject, entry_of, read_object
from wandkit.media.table import JoinedTable, PartitionedTable, Table

__all__ = ["AsyncArtifactMedia"]


class AsyncArtifactMedia(AsyncArtifactDraft, AsyncArtifactDownload):
    """The objects of an artifact; a part of `AsyncArtifact`."""

    async def add(
        self, obj: MediaObject, name: str | os.PathLike[str], overwrite: bool = False
    ) -> ManifestEntry:
        """Add a table, an image or another object and return its entry. Nothing is sent.

        Its files are added with it. One that was read from another artifact, and is as it was, becomes a
        reference to it. The same object again is the entry that it has already.

        Args:
            obj: The object, of a class of `wandkit.media`.
            name: What to call it; the entry's name ends in its type, as in `NAME.table.json`.
            overwrite: Whether it may take the place of another entry.

        Raises:
            ArgumentTypeError: It is no such object.
            ArgumentError: The name is taken, or JSON cannot hold what it holds.
            ArtifactFinalizedError: It is no draft any more.
        """
        entry = await run_in_thread(partial(self._add_object, obj, name, overwrite=overwrite))
        return entry

    def __setitem__(self, name: str, obj: MediaObject) -> None:
        """Add an object, as `add` does; its files are read, and nothing is sent."""
        self._add_object(obj, name)

    async def get(self, name: str | os.PathLike[str]) -> MediaObject | None:
        """Return the object that was added as `name`, with its files on this machine; None without one.

        Only the files that belong to it are downloaded, to where `download` puts them.

        Raises:
            ArtifactNotLoggedError: It is a draft.
            TransferError: A file did not arrive whole.
        """
        self._known("objects")
        manifest: Manifest = await self.manifest
        path = entry_of(entry_name(name), manifest.entries)
        if path is None:
            return None
        entry = manifest.entries[path]
        if entry.ref is not None and entry.ref.startswith(f"{ENTRY_SCHEME}://"):
            found = await self._get_elsewhere(entry.ref)
            return found
        place = await self.download_entry(entry)
        obj = await run_in_thread(_read, Path(place), path)
        if obj is not None:
            obj.source = self._origin_of(entry)
            await self._furnish(obj, manifest)
        return obj

    async def __getitem__(self, name: str) -> MediaObject | None:
        """Return the object that was added as `name`, as `get` does."""
        found = await self.get(name)
        return found

    def _add_object(
        self, obj: MediaObject, name: str | os.PathLike[str], overwrite: bool = False
    ) -> ManifestEntry:
        manifest = self._open()
        if not isinstance(cast(object, obj), MediaObject):
            raise ArgumentTypeError(
                f"an artifact holds objects of wandkit.media, not {type(obj).__name__}",
                next_step="Make one of it, such as wandkit.media.Table, or add a file by add_file.",
            )
        known = self._origin.entry_of(obj)
        if known is not None and not overwrite and known.path in manifest:
            return known
        added = add_object(manifest, obj, entry_name(name), overwrite=overwrite, added=self._origin)
        self._origin.objects.append((obj, added))
        return added

    async def _get_elsewhere(self, url: str) -> MediaObject | None:
        """Return the object that is an entry of another version."""
        from wandkit._async.artifact_reference import referred_entry

        entry = await referred_entry(self._client("objects"), url)
        found = await entry.parent_artifact().get(entry.path)
        return found

    async def _furnish(self, obj: MediaObject, manifest: Manifest) -> None:
        """Bring what an object is made of: parts, rows and files that are entries of their own."""
        if isinstance(obj, PartitionedTable):
            for entry in manifest.get_entries_in_directory(obj.parts_path):
                part = await self.get(entry.path) if entry.path.endswith("table.json") else None
                if isinstance(part, Table):
                    obj.parts.append(part)
            return
        if isinstance(obj, JoinedTable):
            obj.table1 = await self._table(obj.table1)
            obj.table2 = await self._table(obj.table2)
            return
        if isinstance(obj, Table) and obj.log_mode == "INCREMENTAL":
            await self._add_increments(obj, manifest)
        files = list(obj.files())
        await self._bring_files(files, manifest)
        await self._bring_classes([one for one in files if isinstance(one, Image)], manifest)
        if isinstance(obj, Table):
            await run_in_thread(_load_arrays, obj)

    async def _table(self, name: Any) -> Any:
        """Return the table `name`, or the name where there is none."""
        found = await self.get(name) if isinstance(name, str) else name
        return found if isinstance(found, (Table, PartitionedTable)) else name

    async def _add_increments(self, table: Table, manifest: Manifest) -> None:
        """Give a table that is logged piece by piece the rows of all pieces, in order."""
        pieces = [entry for path, entry in manifest.entries.items() if path.endswith(".table.json")]
        pieces.sort(key=lambda entry: _increment_number(entry.path))
        places = await self.download_entries(pieces)
        rows: list[list[Any]] = []
        for entry in pieces:
            fields = await run_in_thread(_fields_of, places[entry.path])
            rows += (fields or {}).get("data") or []
        table.data.clear()
        table.add_rows(rows)

    async def _bring_files(self, files: Sequence[Media], manifest: Manifest) -> None:
        """Download the files of media, and note where they are and where they came from."""
        wanted = {one.path: manifest.entries[one.path] for one in files if one.path in manifest.entries}
        places = await self.download_entries(list(wanted.values()))
        for one in files:
            if one.path in places:
                one.local_path = places[one.path]
                one.origin = self._origin_of(wanted[one.path])

    async def _bring_classes(self, images: Iterable[Image], manifest: Manifest) -> None:
        known: dict[str, Classes | None] = {}
        for image in images:
            path = image.classes_path
            if path is None or path not in manifest:
                continue
            if path not in known:
                found = await self.get(path)
                known[path] = found if isinstance(found, Classes) else None
            image.classes = known[path]

    def _origin_of(self, entry: ManifestEntry) -> Origin:
        held = AsyncArtifactEntry(self._self(), entry)
        return Origin(held.ref_url(), entry.digest, entry.path)


def _fields_of(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None where it holds something else."""
    try:
        found: object = json.loads(path.read_bytes())
    except ValueError as error:
        raise AnswerError(
            f"the object in {str(path)!r} cannot be read: {error}",
            next_step="Read the file itself: artifact.get_entry(name).download().",
        ) from None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _read(path: Path, name: str) -> MediaObject | None:
    """Return the object in a file; None where it holds none."""
    fields = _fields_of(path)
    if fields is None or ("_type" not in fields and not name.endswith("table.json")):
        return None
    try:
        return read_object(fields, name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerError(
            f"the object {name!r} is not of the form of its type: {error!r}",
            next_step="Read the file itself: artifact.get_entry(name).download().",
        ) from error


def _load_arrays(table: Table) -> None:
    """Fill the columns whose cells are rows of an array in a file, where numpy is installed."""
    if not table.arrays:
        return
    try:
        import numpy
    except ImportError:
        return
    for column, media in table.arrays.items():
        if media.local_path is not None:
            with numpy.load(media.local_path) as held:
                table.load_array(column, list(held[str(column)]))


def _increment_number(path: str) -> tuple[int, int]:
    number, _, moment = path.rpartition("/")[2].split(".")[0].partition("-")
    return (int(number), int(moment or 0)) if number.isdigit() and (moment or "0").isdigit() else (0, 0)
